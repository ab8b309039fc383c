UPDATE migrated SET name = 'c' WHERE name = 'a';
DELETE FROM migrated WHERE name = 'b';
