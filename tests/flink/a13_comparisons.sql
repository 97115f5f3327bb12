-- Comparisons of strings (byte order, case, trailing blanks), BETWEEN ASYMMETRIC/SYMMETRIC, IN, IS DISTINCT FROM with nulls.
CREATE TABLE strs (
  id INT, s STRING, n INT
) WITH ('connector'='filesystem', 'path'='data/strs.json', 'format'='json');

SELECT id, s, s > 'a' AS gt, s >= 'ABC' AS ge, s < 'é' AS lt, s = 'trail' AS tr, s BETWEEN 'A' AND 'Z' AS bt, s BETWEEN ASYMMETRIC 'z' AND 'a' AS ba, s BETWEEN SYMMETRIC 'z' AND 'a' AS bs, s NOT BETWEEN SYMMETRIC 'z' AND 'a' AS nbs, s IN ('a', '', 'aaaa') AS isin, n IS DISTINCT FROM 3 AS df, n IS NOT DISTINCT FROM CAST(NULL AS INT) AS nd, CASE WHEN n > 2 THEN 'big' WHEN n >= 0 THEN 'small' ELSE 'other' END AS c
FROM strs;
