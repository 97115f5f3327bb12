CREATE TABLE t (id BIGINT, price BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
SELECT id FROM t WHERE price > (SELECT price FROM t);
