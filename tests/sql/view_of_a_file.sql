-- A view of a file that has no table, which is queried later.
CREATE VIEW totals AS SELECT k, COUNT(*) AS c, SUM(v) AS s FROM 'data/view_of_a_file.json' GROUP BY k;

SELECT k, c, s FROM totals ORDER BY s DESC;
