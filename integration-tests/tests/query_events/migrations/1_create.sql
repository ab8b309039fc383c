create table migrated (name text);
