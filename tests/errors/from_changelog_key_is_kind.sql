CREATE VIEW moves AS SELECT 'u' AS op, 1 AS id;
SELECT * FROM FROM_CHANGELOG(input => TABLE moves PARTITION BY op, op_mapping => MAP['c', 'INSERT', 'u', 'UPDATE_AFTER']);
