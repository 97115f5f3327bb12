CREATE TABLE t (a QUUX) WITH ('connector' = 'datagen');
