CREATE TABLE orders (id INT) WITH ('connector' = 'datagen');
SELECT * FROM ordres;
