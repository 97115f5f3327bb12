SELECT pirce FROM (VALUES (1)) AS bid(price);
