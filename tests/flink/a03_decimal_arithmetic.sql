-- DECIMAL + - * / % with mixed scales and with integers: result scale rules, HALF_UP rescale, NULL on overflow.
CREATE TABLE nums (
  i INT, t TINYINT, s SMALLINT, n INT, b BIGINT, f FLOAT, d DOUBLE, p DECIMAL(10,2), w DECIMAL(27,9)
) WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, p + w AS pw, p - w AS p_w, p * w AS pxw, w * w AS ww, p + n AS pn, p * b AS pb, p - 0.005 AS p5, p * 1.05 AS p105, -p AS mp, w / 3 AS w3, p / 7 AS p7, p / 0.03 AS p03, w % 1 AS wf, p % 0.7 AS pm, p * p * p AS ppp, w * 99999999999 AS big
FROM nums;
