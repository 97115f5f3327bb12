-- Rows of which a query asks for no column are still counted, joined and limited.
CREATE VIEW a AS SELECT * FROM (VALUES (1, 10), (1, 20), (2, 5)) AS t(k, v);
CREATE VIEW b AS SELECT * FROM (VALUES (1, 20), (2, 7)) AS t(k, v);
SELECT COUNT(*) AS six FROM a CROSS JOIN b;
SELECT COUNT(*) AS eighteen FROM a, b, a AS c;
SELECT (SELECT MAX(v) FROM b) AS twenty;
SELECT COUNT(*) AS one FROM (SELECT k, COUNT(*) FROM a GROUP BY k LIMIT 1);
SELECT SUM(x) AS twentythree FROM (SELECT 5 AS x FROM (SELECT k, COUNT(*) FROM a GROUP BY k LIMIT 1) UNION ALL SELECT 6 FROM a);
SELECT COUNT(*) AS five FROM a FULL JOIN b ON FALSE;
