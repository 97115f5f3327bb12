-- Where comments are allowed, lines without anything are passed over, too.
CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/comments_blank.csv', 'format'='csv', 'csv.allow-comments'='true');
SELECT id, s FROM t;
