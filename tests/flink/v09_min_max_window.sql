-- MIN, MAX and COUNT over the rows of a TVF without GROUP BY; COUNT(*) per day of the window.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT MIN(window_start) AS a, MAX(window_end) AS b, COUNT(*) AS c, COUNT(DISTINCT window_start) AS n FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '20' SECOND, INTERVAL '1' MINUTE));
SELECT DATE_FORMAT(window_start, 'HH:mm') AS hm, COUNT(*) AS c FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND, INTERVAL '1' MINUTE)) GROUP BY DATE_FORMAT(window_start, 'HH:mm');
