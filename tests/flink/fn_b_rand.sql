CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  RAND() >= 0e0 AND RAND() < 1e0,
  RAND(7) BETWEEN 0e0 AND 1e0,
  RAND_INTEGER(10) BETWEEN 0 AND 9,
  RAND_INTEGER(3, 10) BETWEEN 0 AND 9,
  CHAR_LENGTH(UUID()),
  UUID() SIMILAR TO '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}',
  CURRENT_DATABASE()
FROM t;
