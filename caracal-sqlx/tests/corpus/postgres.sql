SELECT id, email, created_at FROM users WHERE id = $1
SELECT id, email FROM public.users WHERE lower(email) = lower($1) LIMIT 1
SELECT u.id, u.email, p.display_name FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.id = ANY($1)
SELECT u.id, count(o.id) AS orders FROM users AS u LEFT JOIN orders AS o ON o.user_id = u.id GROUP BY u.id HAVING count(o.id) > 3
SELECT * FROM "User" WHERE "User"."deletedAt" IS NULL ORDER BY "User"."createdAt" DESC OFFSET $1 LIMIT $2
SELECT EXISTS(SELECT 1 FROM sessions WHERE token = $1 AND expires_at > now())
SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = $1)
SELECT count(*) FROM orders WHERE status = 'open' AND created_at > now() - interval '1 day'
SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE account_id = $1
SELECT DISTINCT ON (agent_id) agent_id, decision, recorded_at FROM decisions ORDER BY agent_id, recorded_at DESC
SELECT id, payload FROM jobs WHERE run_at <= now() AND locked_at IS NULL ORDER BY priority, run_at FOR UPDATE SKIP LOCKED LIMIT 1
SELECT date_trunc('hour', created_at) AS hour, count(*) FROM events WHERE kind = $1 GROUP BY 1 ORDER BY 1
SELECT extract(epoch FROM now() - started_at) FROM runs WHERE id = $1
SELECT extract(year FROM o.placed_at) AS y, sum(o.total) FROM orders o GROUP BY y
SELECT trim(both ' ' from name) FROM customers
SELECT substring(code from 1 for 3) AS prefix, count(*) FROM products GROUP BY prefix
SELECT overlay(phone placing 'xxx' from 4 for 3) FROM contacts
SELECT position('@' in email) FROM users
SELECT id FROM users WHERE email IS DISTINCT FROM $1
SELECT a.id FROM accounts a JOIN accounts_old b ON a.id = b.id WHERE a.balance IS NOT DISTINCT FROM b.balance
SELECT data->>'name' AS name, data #>> '{address,city}' AS city FROM documents WHERE data @> '{"active": true}'
SELECT tags[1], array_length(tags, 1) FROM articles WHERE 'rust' = ANY(tags)
SELECT id, ts_rank(search, query) AS rank FROM articles, to_tsquery('english', $1) query WHERE search @@ query ORDER BY rank DESC
SELECT g.day, count(e.id) FROM generate_series($1::date, $2::date, '1 day') AS g(day) LEFT JOIN events e ON e.created_at::date = g.day GROUP BY g.day
SELECT * FROM generate_series(1, 10)
SELECT * FROM unnest($1::int[], $2::text[]) AS t(id, name)
SELECT x.* FROM json_to_recordset('[{"a":1}]') AS x(a int)
SELECT version()
SELECT 1
SELECT now(), current_user, current_database()
SELECT nextval('orders_id_seq')
SELECT pg_advisory_lock($1)
SELECT set_config('app.tenant', $1, true)
SELECT pg_notify('jobs', $1)
SELECT t.id FROM (SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY created_at DESC) AS n FROM tokens) t WHERE t.n = 1
SELECT p.id, latest.body FROM posts p CROSS JOIN LATERAL (SELECT body FROM comments c WHERE c.post_id = p.id ORDER BY c.created_at DESC LIMIT 1) latest
SELECT (SELECT count(*) FROM comments c WHERE c.post_id = p.id) AS comments, p.title FROM posts p
SELECT id, CASE WHEN score > 10 THEN 'high' ELSE 'low' END FROM reviews WHERE product_id IN (SELECT id FROM products WHERE category_id = $1)
SELECT id FROM follows WHERE follower_id = $1 UNION SELECT id FROM blocks WHERE blocker_id = $1
(SELECT id, created_at FROM invoices) UNION ALL (SELECT id, created_at FROM credit_notes) ORDER BY created_at
SELECT sku FROM stock EXCEPT SELECT sku FROM reserved
SELECT user_id FROM buyers INTERSECT SELECT user_id FROM sellers
SELECT 'total', sum(x) FROM (SELECT 1 AS x UNION ALL SELECT 2) s
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY duration) FROM requests
SELECT string_agg(name, ', ' ORDER BY name) FILTER (WHERE active) FROM members
SELECT sum(amount) OVER w FROM payments WINDOW w AS (PARTITION BY account_id ORDER BY paid_at)
SELECT * FROM orders TABLESAMPLE SYSTEM (1)
SELECT o.* FROM orders o NATURAL JOIN customers
SELECT c.name FROM customers c FULL OUTER JOIN orders o USING (customer_id)
SELECT e.name, m.name FROM employees e, employees m WHERE e.manager_id = m.id
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'
SELECT E'it\'s FROM nowhere', id FROM notes
SELECT $$text with FROM ghosts$$, id FROM notes
SELECT $tag$ ; DROP TABLE x; $tag$ AS harmless FROM notes
SELECT 'a''b' || "weird ""column""" FROM notes
SELECT /* FROM elsewhere */ id FROM notes -- FROM nowhere
SELECT id /* outer /* inner FROM x */ still */ FROM notes
SELECT "order"."from" FROM "order"
SELECT id FROM tenant_7.invoices WHERE paid = false
SELECT id FROM "tenant"."Invoices"
VALUES (1, 'one'), (2, 'two')
TABLE settings
WITH recent AS (SELECT * FROM orders WHERE created_at > now() - interval '1 hour') SELECT count(*) FROM recent
WITH a AS (SELECT id FROM users), b AS (SELECT user_id FROM orders) SELECT * FROM a JOIN b ON a.id = b.user_id
WITH active AS (SELECT id FROM users WHERE active) SELECT o.* FROM orders o JOIN active ON active.id = o.user_id
WITH RECURSIVE tree AS (SELECT id, parent_id FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id FROM categories c JOIN tree t ON c.parent_id = t.id) SELECT * FROM tree
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 100) SELECT sum(n) FROM t
WITH moved AS (DELETE FROM inbox WHERE read RETURNING *) INSERT INTO archive SELECT * FROM moved
WITH gone AS (DELETE FROM sessions WHERE expires_at < now() RETURNING id) SELECT count(*) FROM gone
WITH ins AS (INSERT INTO tags (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING id) SELECT id FROM ins UNION ALL SELECT id FROM tags WHERE name = $1
WITH picked AS (SELECT id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED) UPDATE jobs SET state = 'running' FROM picked WHERE jobs.id = picked.id RETURNING jobs.*
WITH src AS MATERIALIZED (SELECT * FROM imports WHERE batch = $1) DELETE FROM imports USING src WHERE imports.id = src.id
WITH upd AS (UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value) SELECT value FROM upd
WITH users AS (SELECT * FROM users WHERE active) SELECT * FROM users
INSERT INTO users (email, password_hash) VALUES ($1, $2) RETURNING id
INSERT INTO users (id, email) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email
INSERT INTO audit.log (at, who, what) SELECT now(), $1, what FROM pending_log
INSERT INTO settings DEFAULT VALUES
INSERT INTO "Order" ("userId", total) VALUES ($1, $2)
INSERT INTO metrics (at, value) SELECT * FROM unnest($1::timestamptz[], $2::float8[])
INSERT INTO totals AS t (k, v) VALUES ($1, $2) ON CONFLICT (k) DO UPDATE SET v = t.v + EXCLUDED.v
INSERT INTO edges SELECT a.id, b.id FROM nodes a CROSS JOIN nodes b WHERE a.id <> b.id
UPDATE users SET last_login_at = now() WHERE id = $1
UPDATE accounts SET balance = balance - $1 WHERE id = $2 AND balance >= $1 RETURNING balance
UPDATE products p SET price = n.price FROM new_prices n WHERE n.sku = p.sku
UPDATE inventory.items SET (quantity, updated_at) = ($1, now()) WHERE id = $2
UPDATE orders SET total = (SELECT sum(price) FROM order_lines WHERE order_id = orders.id) WHERE id = $1
UPDATE "Account" SET "accessToken" = $1 WHERE id = $2
DELETE FROM sessions WHERE expires_at < now()
DELETE FROM order_lines USING orders WHERE orders.id = order_lines.order_id AND orders.status = 'void'
DELETE FROM public.tokens WHERE id IN (SELECT id FROM expired_tokens)
DELETE FROM ONLY measurements WHERE at < $1
SELECT * FROM ONLY measurements
UPDATE ONLY measurements SET value = 0
MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN MATCHED THEN UPDATE SET quantity = s.quantity + d.quantity WHEN NOT MATCHED THEN INSERT (sku, quantity) VALUES (d.sku, d.quantity)
CREATE TABLE IF NOT EXISTS users (id BIGSERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, created_at TIMESTAMPTZ NOT NULL DEFAULT now())
CREATE TEMPORARY TABLE staging (LIKE imports INCLUDING ALL)
CREATE TABLE archive AS SELECT * FROM orders WHERE created_at < $1
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (lower(email))
CREATE INDEX ON events USING gin (payload)
CREATE VIEW active_users AS SELECT * FROM users WHERE active
CREATE MATERIALIZED VIEW daily AS SELECT date_trunc('day', at) AS day, count(*) FROM events GROUP BY 1
CREATE EXTENSION IF NOT EXISTS "uuid-ossp"
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')
CREATE SCHEMA IF NOT EXISTS tenant_7
ALTER TABLE users ADD COLUMN age INT
ALTER TABLE IF EXISTS ONLY public.users DROP CONSTRAINT users_pkey
DROP TABLE IF EXISTS staging, imports CASCADE
DROP VIEW active_users
DROP INDEX IF EXISTS users_email_key
TRUNCATE TABLE staging RESTART IDENTITY
TRUNCATE ONLY staging
LOCK TABLE accounts IN EXCLUSIVE MODE
COPY users (id, email) FROM STDIN
COPY (SELECT * FROM users) TO STDOUT
EXPLAIN SELECT * FROM users WHERE id = 1
EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM orders
BEGIN
BEGIN ISOLATION LEVEL SERIALIZABLE
COMMIT
ROLLBACK
SAVEPOINT before_import
ROLLBACK TO SAVEPOINT before_import
RELEASE SAVEPOINT before_import
SET LOCAL statement_timeout = '5s'
SHOW search_path
LISTEN jobs
NOTIFY jobs, 'payload'
DEALLOCATE ALL
DISCARD ALL
GRANT SELECT ON users TO reporting
VACUUM ANALYZE users
DO $$ BEGIN PERFORM 1; END $$
REFRESH MATERIALIZED VIEW CONCURRENTLY daily
CALL rebuild_totals($1)
SELECT * FROM ROWS FROM (generate_series(1, 2), json_to_recordset('[]') AS (a int)) AS r
SELECT * FROM rows
SELECT * FROM U&"\0075sers" WHERE id = 1
SELECT lower(span) AS from, upper(span) AS until FROM reservations
SELECT * FROM public.order WHERE id = $1
SELECT * FROM (WITH users AS (SELECT 1 AS id) SELECT * FROM users) x, users
WITH x AS (WITH users AS (SELECT 1 AS id) SELECT * FROM users) SELECT * FROM users
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM places) SELECT * FROM a
INSERT INTO delayed (id) VALUES ($1)
INSERT INTO ignore (id) VALUES ($1)
UPDATE low_priority SET id = $1
CREATE RULE r AS ON INSERT TO orders DO ALSO (DELETE FROM drafts; UPDATE totals SET n = 1)
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END
SELECT E'it\'s; FROM nowhere' FROM texts
SELECT N'x', B'01', X'1F', U&'d\0061t' FROM texts
SELECT tags[1:2], id::text FROM texts
SELECT * FROM measurements TABLESAMPLE SYSTEM (10)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (id, name)
SELECT * FROM (VALUES (1)) AS v (id) JOIN users ON users.id = v.id
SELECT count(update) FROM log
SELECT coalesce(delete, (SELECT max(id) FROM log)) FROM flags
SELECT 1 UNION ALL TABLE settings
SELECT * FROM users CROSS JOIN LATERAL (SELECT * FROM orders WHERE user_id = users.id) o
SELECT * FROM unnest($1::int[]) WITH ORDINALITY AS u (id, n) JOIN users USING (id)
TRUNCATE tables
