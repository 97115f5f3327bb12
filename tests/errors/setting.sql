SET 'table.local-timezone' = 'UTC';
