-- POWER SQRT EXP LN LOG10 LOG2 LOG and trigonometry; results rounded where not exact.
CREATE TABLE nums (
  i INT, t TINYINT, s SMALLINT, n INT, b BIGINT, f FLOAT, d DOUBLE, p DECIMAL(10,2), w DECIMAL(27,9)
) WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, POWER(t, 2), POWER(2, t), SQRT(ABS(p)), ROUND(LN(n), 9), ROUND(LOG10(s), 9), ROUND(LOG2(s), 9), ROUND(LOG(2, s), 9), ROUND(EXP(t / 100.0E0), 9), ROUND(SIN(t), 9), ROUND(ATAN2(t, s), 9), ROUND(DEGREES(p), 6), ROUND(PI() * t, 6), BIN(n), HEX(n), ROUND(POWER(p, 0.5), 6), SQRT(s)
FROM nums WHERE n > 0 OR n IS NULL;
