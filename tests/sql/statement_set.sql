-- Several INSERTs that are one job are explained as one plan, in each of Flink's spellings.
CREATE TABLE s (k STRING, v INT)
WITH ('connector'='datagen', 'number-of-rows'='2', 'fields.v.kind'='sequence', 'fields.v.start'='1', 'fields.v.end'='2');
CREATE TABLE a (k STRING) WITH ('connector'='blackhole');
CREATE TABLE b (k STRING, n BIGINT) WITH ('connector'='blackhole');
EXPLAIN STATEMENT SET BEGIN
  INSERT INTO a SELECT k FROM s;
  INSERT INTO b SELECT k, COUNT(*) FROM s GROUP BY k;
END;
EXPLAIN PLAN FOR STATEMENT SET BEGIN INSERT INTO a SELECT k FROM s; INSERT INTO a SELECT 'x'; END;
EXPLAIN CHANGELOG_MODE STATEMENT SET BEGIN INSERT INTO a SELECT CASE v WHEN 1 THEN 'x' END FROM s; INSERT INTO a SELECT 'x'; END;
-- The END of a CASE is not that of the set.
EXECUTE STATEMENT SET BEGIN
  INSERT INTO a SELECT k FROM s WHERE v = CASE WHEN TRUE THEN 1 END;
  INSERT INTO b SELECT k, COUNT(*) FROM s GROUP BY k;
END;
SELECT 1 AS one;
