insert into migrated values ('a'), ('b');
