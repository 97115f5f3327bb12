-- SUBSTRING POSITION OVERLAY REPLACE LEFT RIGHT SPLIT_INDEX INSTR LOCATE with positions out of range and null arguments.
CREATE TABLE strs (
  id INT, s STRING, n INT
) WITH ('connector'='filesystem', 'path'='data/strs.json', 'format'='json');

SELECT id, SUBSTRING(s FROM 2), SUBSTRING(s FROM 2 FOR 3), SUBSTRING(s, 0), SUBSTRING(s, -3), SUBSTRING(s, -3, 2), SUBSTRING(s, n, 2), SUBSTRING(s, 100), POSITION('a' IN s), POSITION('' IN s), OVERLAY(s PLACING 'XX' FROM 2), OVERLAY(s PLACING 'XX' FROM 2 FOR 4), REPLACE(s, 'a', '<>'), REPLACE(s, '', '-'), LEFT(s, 2), RIGHT(s, 2), LEFT(s, n), RIGHT(s, n), SPLIT_INDEX(s, ',', 1), SPLIT_INDEX(s, 'b', 0), SPLIT_INDEX(s, ',', n), INSTR(s, 'c'), LOCATE('a', s, 2)
FROM strs WHERE id <> 11;
