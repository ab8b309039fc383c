INSERT INTO migrated (name) VALUES ('a'), ('b');
