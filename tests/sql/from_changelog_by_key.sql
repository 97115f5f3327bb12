-- Rows as changes that go by a key: what an update replaces need not be there.
CREATE VIEW moves AS SELECT * FROM (VALUES ('c', 1, 10), ('u', 1, 15), ('u', 1, 20), ('r', 2, 5), ('d', 2, 0), ('u', 3, 7)) AS t(op, id, v);
SELECT id, v FROM FROM_CHANGELOG(input => TABLE moves PARTITION BY id, op => DESCRIPTOR(op), op_mapping => MAP['c, r', 'INSERT', 'u', 'UPDATE_AFTER', 'd', 'DELETE']);
SELECT COUNT(*) AS c, SUM(v) AS s FROM FROM_CHANGELOG(input => TABLE moves PARTITION BY id, op_mapping => MAP['c, r', 'INSERT', 'u', 'UPDATE_AFTER', 'd', 'DELETE']);
SELECT op, id, c FROM TO_CHANGELOG(input => (SELECT id, COUNT(*) AS c FROM moves GROUP BY id) PARTITION BY id, op_mapping => MAP['INSERT', 'I', 'UPDATE_AFTER', 'U']);
