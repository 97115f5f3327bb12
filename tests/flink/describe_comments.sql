-- DESCRIBE shows comments and time attributes.
CREATE TABLE t (`id` INT COMMENT 'the id', `s` STRING NOT NULL, `p` AS PROCTIME() COMMENT 'the clock', `ts` TIMESTAMP(3),
  WATERMARK FOR `ts` AS `ts`, PRIMARY KEY (`id`) NOT ENFORCED) COMMENT 'all of it' WITH ('connector' = 'datagen');

DESCRIBE t;
