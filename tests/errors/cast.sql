SELECT CAST(x AS INT) FROM (VALUES ('12'), ('abc')) AS a(x);
