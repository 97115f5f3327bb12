-- Arrays of arrays with ordinality.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, CARDINALITY(ia) AS c, p FROM t CROSS JOIN UNNEST(nested) WITH ORDINALITY AS x(ia, p);
