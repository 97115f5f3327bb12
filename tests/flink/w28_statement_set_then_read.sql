-- A statement set writes two CSV tables from one windowed source; the final SELECT reads both back.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

CREATE TABLE o1 (item STRING, ws TIMESTAMP(3), c BIGINT, s BIGINT) WITH ('connector'='filesystem', 'path'='${out}/w28_o1', 'format'='csv');
CREATE TABLE o2 (color STRING, ws TIMESTAMP(3), a BIGINT) WITH ('connector'='filesystem', 'path'='${out}/w28_o2', 'format'='json');
EXECUTE STATEMENT SET BEGIN
  INSERT INTO o1 SELECT item, window_start, COUNT(*), SUM(price) FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, item;
  INSERT INTO o2 SELECT color, window_start, AVG(price) FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, color;
END;
SELECT 'o1' AS tab, item AS k, ws, c, s FROM o1 UNION ALL SELECT 'o2', color, ws, CAST(NULL AS BIGINT), a FROM o2;
