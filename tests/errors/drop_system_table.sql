DROP TABLE millstream.dropped_rows;
