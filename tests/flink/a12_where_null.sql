-- WHERE keeps TRUE only: NOT IN with NULL in the list, <> with NULL, NOT LIKE on NULL.
CREATE TABLE strs (
  id INT, s STRING, n INT
) WITH ('connector'='filesystem', 'path'='data/strs.json', 'format'='json');

SELECT 'q1' AS q, id FROM strs WHERE n NOT IN (1, 2, CAST(NULL AS INT))
UNION ALL SELECT 'q2', id FROM strs WHERE n IN (1, CAST(NULL AS INT), 3)
UNION ALL SELECT 'q3', id FROM strs WHERE NOT (n > 0) OR n IS NULL
UNION ALL SELECT 'q4', id FROM strs WHERE s NOT LIKE '%a%' AND NOT (n = 3)
UNION ALL SELECT 'q5', id FROM strs WHERE (n > 1) IS NOT TRUE
UNION ALL SELECT 'q6', id FROM strs WHERE s <> '' AND n BETWEEN 3 AND 1
UNION ALL SELECT 'q7', id FROM strs WHERE n BETWEEN SYMMETRIC 3 AND 1
UNION ALL SELECT 'q8', id FROM strs WHERE n NOT BETWEEN 0 AND 3;
