SELECT * FROM FROM_CHANGELOG(input => (SELECT 'u' AS op, 1 AS id), op_mapping => MAP['c, r', 'INSERT', 'u', 'UPDATE_AFTER', 'd', 'DELETE']);
