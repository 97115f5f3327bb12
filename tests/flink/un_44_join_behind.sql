-- A join on what an UNNEST gave.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT t.id, tag, u.id AS uid FROM t CROSS JOIN UNNEST(tags) AS x(tag) JOIN t AS u ON u.k = CASE x.tag WHEN 'x' THEN 'a' WHEN 'y' THEN 'b' END;
