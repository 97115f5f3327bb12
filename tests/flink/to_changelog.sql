-- TO_CHANGELOG of rows that only come, with the column first.
CREATE TABLE moves (id INT, k STRING, v INT, op STRING) WITH ('connector'='filesystem', 'path'='data/moves.csv', 'format'='csv');

SELECT * FROM TO_CHANGELOG(input => TABLE moves, op => DESCRIPTOR(kind), op_mapping => MAP['INSERT', 'c']) WHERE v > 2;
