SELECT * FROM users WHERE id = ?
SELECT `id`, `email` FROM `users` WHERE `email` = ? LIMIT 1
SELECT `u`.`id` FROM `app`.`users` AS `u` WHERE `u`.`deleted_at` IS NULL
SELECT SQL_CALC_FOUND_ROWS id FROM posts LIMIT 10
SELECT SQL_NO_CACHE count(*) FROM posts
SELECT FOUND_ROWS()
SELECT LAST_INSERT_ID()
SELECT @@version
SELECT @@session.sql_mode
SELECT @total := 0
SELECT DATABASE(), USER()
SELECT 1
SELECT NOW(6)
SELECT p.ID, p.post_title FROM wp_posts p INNER JOIN wp_postmeta m ON m.post_id = p.ID WHERE m.meta_key = 'price'
SELECT option_value FROM wp_options WHERE option_name = 'siteurl' LIMIT 1
SELECT option_name, option_value FROM wp_options WHERE autoload = 'yes'
SELECT t.*, tt.* FROM wp_terms AS t INNER JOIN wp_term_taxonomy AS tt ON t.term_id = tt.term_id WHERE tt.taxonomy IN ('category') ORDER BY t.name ASC
SELECT "double quoted string", 'single' FROM texts
SELECT 'it\'s FROM nowhere' FROM texts
SELECT "she said \"FROM x\"" FROM texts
SELECT id # FROM nowhere
SELECT id -- FROM nowhere
SELECT /* FROM elsewhere */ id FROM texts
SELECT * FROM orders USE INDEX (by_customer) WHERE customer_id = ?
SELECT * FROM orders FORCE INDEX FOR ORDER BY (by_date) ORDER BY placed_at
SELECT * FROM orders PARTITION (p2024) WHERE id = ?
SELECT STRAIGHT_JOIN a.id FROM a JOIN b ON a.id = b.a_id
SELECT a.id FROM a STRAIGHT_JOIN b ON a.id = b.a_id
SELECT c.first_name, c.last_name, SUM(p.amount) AS total FROM customer c JOIN payment p ON c.customer_id = p.customer_id GROUP BY c.customer_id WITH ROLLUP
SELECT f.title, GROUP_CONCAT(a.last_name SEPARATOR ', ') FROM film f JOIN film_actor fa USING (film_id) JOIN actor a USING (actor_id) GROUP BY f.film_id
SELECT * FROM film WHERE MATCH(title, description) AGAINST (? IN BOOLEAN MODE)
SELECT title FROM film WHERE film_id NOT IN (SELECT film_id FROM inventory)
SELECT DATE_FORMAT(payment_date, '%Y-%m') AS m, SUM(amount) FROM payment GROUP BY m
SELECT EXTRACT(YEAR FROM rental_date) FROM rental
SELECT TRIM(LEADING '0' FROM code) FROM vouchers
SELECT SUBSTRING(code FROM 2 FOR 3) FROM vouchers
SELECT DATE_ADD(due, INTERVAL 1 MONTH) FROM invoices WHERE paid = 0
SELECT IF(active, 'yes', 'no') FROM staff
SELECT IFNULL(nickname, name) FROM staff
SELECT data->'$.name', data->>'$.age' FROM people
SELECT JSON_EXTRACT(data, '$.name') FROM people
SELECT * FROM people WHERE name REGEXP '^a' OR name RLIKE 'b$'
SELECT * FROM people WHERE id DIV 2 = 1 AND flags & 4
SELECT * FROM people WHERE a <=> b
SELECT id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
SELECT id FROM jobs WHERE id = ? LOCK IN SHARE MODE
SELECT id FROM jobs LIMIT 5, 10
SELECT EXISTS(SELECT 1 FROM sessions WHERE token = ?)
SELECT (SELECT COUNT(*) FROM comments WHERE post_id = p.id) AS n FROM posts p
SELECT * FROM (SELECT id FROM posts ORDER BY id DESC LIMIT 5) AS latest
SELECT * FROM (posts p JOIN users u ON u.id = p.user_id)
SELECT * FROM posts, users WHERE posts.user_id = users.id
SELECT * FROM posts CROSS JOIN users
SELECT * FROM posts NATURAL LEFT JOIN users
SELECT id FROM a UNION SELECT id FROM b
(SELECT id FROM a ORDER BY id LIMIT 1) UNION (SELECT id FROM b ORDER BY id LIMIT 1)
SELECT ROW_NUMBER() OVER (PARTITION BY dept ORDER BY salary DESC) FROM employees
SELECT dept, AVG(salary) FROM employees GROUP BY dept HAVING AVG(salary) > 1000
SELECT HEX(uuid), BIN_TO_UUID(uuid) FROM devices WHERE uuid = UUID_TO_BIN(?)
SELECT x'4D7953514C', 0x4D, b'101' FROM dual
SELECT 1 FROM DUAL
SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()
SELECT e.emp_no FROM employees e LEFT JOIN dept_manager m ON m.emp_no = e.emp_no WHERE m.emp_no IS NULL
SELECT DISTINCT city FROM addresses ORDER BY FIELD(city, 'Rome', 'Oslo')
SELECT UserId FROM UserSessions WHERE UserId = ?
VALUES ROW(1, 2), ROW(3, 4)
TABLE settings
WITH cte AS (SELECT id FROM posts WHERE published) SELECT COUNT(*) FROM cte
WITH RECURSIVE seq AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM seq WHERE n < 5) SELECT n FROM seq
WITH RECURSIVE chain AS (SELECT id, manager_id FROM employees WHERE id = ? UNION ALL SELECT e.id, e.manager_id FROM employees e JOIN chain c ON e.id = c.manager_id) SELECT * FROM chain
WITH old AS (SELECT id FROM logs WHERE at < ?) DELETE FROM logs WHERE id IN (SELECT id FROM old)
WITH s AS (SELECT user_id, SUM(amount) AS total FROM payments GROUP BY user_id) UPDATE users JOIN s ON s.user_id = users.id SET users.total = s.total
INSERT INTO users (email, name) VALUES (?, ?)
INSERT INTO `users` (`email`) VALUES ('a@b.c'), ('d@e.f')
INSERT IGNORE INTO tags (name) VALUES (?)
INSERT INTO counters (name, n) VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1
INSERT INTO counters (name, n) VALUES (?, 1) AS new ON DUPLICATE KEY UPDATE n = new.n
INSERT INTO users SET email = ?, name = ?
INSERT LOW_PRIORITY INTO logs (line) VALUES (?)
INSERT HIGH_PRIORITY INTO logs (line) VALUES (?)
INSERT users (email) VALUES (?)
INSERT INTO archive SELECT * FROM orders WHERE placed_at < ?
INSERT INTO app.users (email) VALUES (?)
INSERT INTO texts VALUES ('a; b', "c; d")
REPLACE INTO settings (k, v) VALUES (?, ?)
REPLACE settings (k, v) VALUES (?, ?)
UPDATE users SET name = ? WHERE id = ?
UPDATE `users` SET `name` = ? WHERE `id` = ? LIMIT 1
UPDATE LOW_PRIORITY users SET seen = NOW()
UPDATE IGNORE users SET email = ?
UPDATE users u JOIN accounts a ON a.user_id = u.id SET u.plan = a.plan WHERE a.active
UPDATE users, accounts SET users.plan = accounts.plan WHERE accounts.user_id = users.id
UPDATE app.users SET name = ?
UPDATE orders SET total = (SELECT SUM(price) FROM order_lines l WHERE l.order_id = orders.id)
DELETE FROM users WHERE id = ?
DELETE FROM `sessions` WHERE `expires` < UNIX_TIMESTAMP()
DELETE LOW_PRIORITY FROM logs WHERE at < ? ORDER BY at LIMIT 1000
DELETE u FROM users u JOIN bans b ON b.user_id = u.id
DELETE users, accounts FROM users INNER JOIN accounts ON accounts.user_id = users.id WHERE users.id = ?
DELETE FROM app.tokens
CREATE TABLE IF NOT EXISTS `users` (`id` INT UNSIGNED NOT NULL AUTO_INCREMENT, `email` VARCHAR(255), PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
CREATE TEMPORARY TABLE scratch (id INT)
CREATE TABLE copy LIKE users
CREATE INDEX by_email ON users (email)
CREATE FULLTEXT INDEX ft ON film (title, description)
CREATE OR REPLACE VIEW active AS SELECT * FROM users WHERE active = 1
CREATE DATABASE IF NOT EXISTS app
ALTER TABLE users ADD COLUMN age INT AFTER name
ALTER TABLE `users` MODIFY COLUMN `email` VARCHAR(320)
DROP TABLE IF EXISTS scratch
DROP INDEX by_email ON users
TRUNCATE TABLE logs
TRUNCATE logs
LOCK TABLES users WRITE, logs READ
UNLOCK TABLES
EXPLAIN SELECT * FROM users
EXPLAIN FORMAT=JSON SELECT * FROM users
DESCRIBE users
SHOW TABLES
SHOW COLUMNS FROM users
SHOW CREATE TABLE users
SHOW VARIABLES LIKE 'max_connections'
SET NAMES utf8mb4
SET @x = 1
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED
USE app
START TRANSACTION
COMMIT
ROLLBACK
SAVEPOINT sp
CALL refresh_totals(?)
KILL 5
FLUSH TABLES
OPTIMIZE TABLE users
INSERT DELAYED INTO log (id) VALUES (?)
INSERT HIGH_PRIORITY INTO log (id) VALUES (?)
INSERT INTO `delayed` (id) VALUES (?)
REPLACE DELAYED INTO log (id) VALUES (?)
SELECT @from, name FROM users
SELECT * FROM shop.`order` WHERE id = ?
SELECT * FROM (WITH users AS (SELECT 1 AS id) SELECT * FROM users) x, users
WITH x AS (WITH users AS (SELECT 1 AS id) SELECT * FROM users) SELECT * FROM users
CREATE TRIGGER log BEFORE INSERT ON orders FOR EACH ROW BEGIN SET NEW.n = 1; DELETE FROM drafts; END
CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; SELECT 2; END
SELECT _utf8mb4'it\'s; FROM nowhere' FROM texts
SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (x INT PATH '$')) AS j
SELECT 1 EXCEPT TABLE settings
