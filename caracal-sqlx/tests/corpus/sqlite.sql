SELECT * FROM settings WHERE key = ?
SELECT value FROM settings WHERE key = ?1 LIMIT 1
SELECT id, title FROM notes WHERE id = :id
SELECT id, title FROM notes WHERE id = @id
SELECT id, title FROM notes WHERE title LIKE $title
SELECT rowid, * FROM log ORDER BY rowid DESC LIMIT 50
SELECT n.id, group_concat(t.name, ',') FROM notes n LEFT JOIN note_tags nt ON nt.note_id = n.id LEFT JOIN tags t ON t.id = nt.tag_id GROUP BY n.id
SELECT [id], [from] FROM [my notes] WHERE [it's done] = 0
SELECT `id` FROM `notes` WHERE `done` = 1
SELECT "id" FROM "notes"
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
SELECT count(*) FROM main.notes
SELECT max(version) FROM _sqlx_migrations
SELECT version, checksum FROM _sqlx_migrations ORDER BY version
SELECT last_insert_rowid()
SELECT changes()
SELECT strftime('%Y-%m', created_at) AS month, sum(amount) FROM expenses GROUP BY month
SELECT datetime('now')
SELECT j.value FROM notes, json_each(notes.tags) AS j WHERE notes.id = ?
SELECT value FROM json_each(?)
SELECT json_extract(payload, '$.kind') FROM events WHERE id > ?
SELECT payload ->> '$.kind' FROM events
SELECT a.id FROM artists a WHERE EXISTS (SELECT 1 FROM albums b WHERE b.artist_id = a.id)
SELECT CASE WHEN EXISTS (SELECT 1 FROM locks WHERE name = ?) THEN 1 ELSE 0 END
SELECT * FROM tracks WHERE album_id IN (SELECT id FROM albums WHERE artist_id = ?) ORDER BY number
SELECT * FROM tracks INDEXED BY tracks_by_album WHERE album_id = ?
SELECT t.name, al.title, ar.name FROM tracks t INNER JOIN albums al ON al.id = t.album_id INNER JOIN artists ar ON ar.id = al.artist_id
SELECT * FROM (SELECT * FROM invoices ORDER BY total DESC LIMIT 10) ORDER BY customer_id
SELECT total FROM invoices UNION ALL SELECT total FROM refunds
SELECT id FROM a EXCEPT SELECT id FROM b
SELECT quote(x'0102'), hex(blob) FROM files WHERE id = ?
SELECT avg(score) FILTER (WHERE score IS NOT NULL) FROM reviews
SELECT id, rank() OVER (ORDER BY score DESC) FROM players
SELECT id FROM players WHERE score IS NOT NULL AND name IS NOT 'bot'
SELECT * FROM notes WHERE body MATCH ?
SELECT highlight(notes_fts, 0, '<b>', '</b>') FROM notes_fts WHERE notes_fts MATCH ? ORDER BY rank
SELECT * FROM pragma_table_info('notes')
SELECT name FROM pragma_table_list
SELECT 'it''s FROM nowhere' FROM notes
SELECT /* FROM elsewhere */ id FROM notes
SELECT id -- FROM nowhere
SELECT cast(amount AS REAL) / 100.0 FROM payments WHERE paid_at BETWEEN ? AND ?
SELECT c.name, sum(i.total) AS spent FROM customers c, invoices i WHERE i.customer_id = c.id GROUP BY c.id HAVING spent > 100
SELECT id FROM users WHERE email = ? COLLATE NOCASE
SELECT DISTINCT genre FROM tracks
SELECT iif(done, 'yes', 'no') FROM todos
SELECT * FROM todos WHERE (due, id) > (?, ?) ORDER BY due, id LIMIT 20
SELECT e.name, m.name FROM employees AS e LEFT OUTER JOIN employees AS m ON m.id = e.reports_to
SELECT playlist_id, count(*) FROM playlist_tracks GROUP BY playlist_id
SELECT 1 WHERE 0
SELECT 1
VALUES (1), (2), (3)
WITH RECURSIVE cnt(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM cnt LIMIT 10) SELECT x FROM cnt
WITH RECURSIVE under(id) AS (SELECT id FROM folders WHERE id = ? UNION ALL SELECT folders.id FROM folders JOIN under ON folders.parent_id = under.id) SELECT id FROM under
WITH top AS (SELECT customer_id FROM invoices GROUP BY customer_id ORDER BY sum(total) DESC LIMIT 5) SELECT name FROM customers JOIN top ON top.customer_id = customers.id
WITH old AS (SELECT id FROM log WHERE at < ?) DELETE FROM log WHERE id IN (SELECT id FROM old)
WITH v(k, val) AS (VALUES ('a', 1)) INSERT INTO settings (key, value) SELECT k, val FROM v
INSERT INTO notes (title, body) VALUES (?, ?)
INSERT INTO notes (title, body) VALUES (?, ?) RETURNING id
INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)
INSERT OR IGNORE INTO tags (name) VALUES (?)
INSERT OR ABORT INTO main.tags (name) VALUES (?)
INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
INSERT INTO notes_fts (rowid, body) SELECT id, body FROM notes
INSERT INTO notes_fts(notes_fts) VALUES ('rebuild')
INSERT INTO log DEFAULT VALUES
INSERT INTO "quoted table" VALUES (1)
INSERT INTO [bracketed table] VALUES (1)
REPLACE INTO settings (key, value) VALUES (?, ?)
UPDATE notes SET title = ?, updated_at = CURRENT_TIMESTAMP WHERE id = ?
UPDATE OR IGNORE tags SET name = ? WHERE id = ?
UPDATE invoices SET total = (SELECT sum(price * quantity) FROM lines WHERE lines.invoice_id = invoices.id)
UPDATE main.notes SET done = 1
UPDATE inventory SET quantity = quantity - daily.amount FROM daily WHERE inventory.sku = daily.sku
UPDATE `notes` SET `done` = 1
DELETE FROM notes WHERE id = ?
DELETE FROM notes WHERE id = ? RETURNING *
DELETE FROM log WHERE at < datetime('now', '-30 days')
DELETE FROM main.cache
CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, done INTEGER DEFAULT 0)
CREATE TEMP TABLE scratch (x)
CREATE TABLE kv (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID
CREATE TABLE copy AS SELECT * FROM notes
CREATE TABLE strict_one (id INTEGER) STRICT
CREATE INDEX IF NOT EXISTS notes_by_title ON notes (title COLLATE NOCASE)
CREATE UNIQUE INDEX tags_name ON tags (name) WHERE name IS NOT NULL
CREATE VIEW open_notes AS SELECT * FROM notes WHERE done = 0
CREATE VIRTUAL TABLE notes_fts USING fts5(body)
CREATE TRIGGER notes_ai AFTER INSERT ON notes BEGIN INSERT INTO notes_fts (rowid, body) VALUES (new.id, new.body); END
ALTER TABLE notes ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0
ALTER TABLE notes RENAME TO memos
ALTER TABLE notes DROP COLUMN pinned
DROP TABLE IF EXISTS scratch
DROP TABLE main.scratch
DROP VIEW IF EXISTS open_notes
DROP INDEX notes_by_title
DROP TRIGGER IF EXISTS notes_ai
EXPLAIN QUERY PLAN SELECT * FROM notes WHERE title = 'x'
EXPLAIN SELECT * FROM notes
PRAGMA journal_mode = WAL
PRAGMA foreign_keys
PRAGMA table_info(notes)
PRAGMA main.user_version
VACUUM
ANALYZE
REINDEX notes_by_title
ATTACH DATABASE 'other.db' AS other
DETACH DATABASE other
BEGIN
BEGIN IMMEDIATE
BEGIN EXCLUSIVE TRANSACTION
COMMIT
END
ROLLBACK
SAVEPOINT sp
RELEASE sp
INSERT INTO delayed (id) VALUES (?)
SELECT * FROM only
SELECT * FROM rows
SELECT :from, @until, name FROM players
WITH t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT n FROM t
WITH a AS (SELECT * FROM b), b AS (SELECT * FROM places) SELECT * FROM a
SELECT * FROM (WITH users AS (SELECT 1 AS id) SELECT * FROM users) x, users
CREATE TRIGGER log AFTER INSERT ON notes BEGIN DELETE FROM drafts; UPDATE totals SET n = CASE WHEN n THEN 1 END; END
SELECT X'1F' FROM blobs
SELECT * FROM (VALUES (1), (2)) JOIN notes ON true
