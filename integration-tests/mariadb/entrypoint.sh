#!/bin/sh
# Starts MariaDB in the image that `cargo xtask test` builds if the official one can't be pulled. What the tests
# rely on is as in the official image: the four MARIADB_ variables, arguments for the server, and the message on
# standard error that names the port.
set -eu

data=/var/lib/mysql
setup=/run/mysqld/setup.sql

# `docker run image --max-connections=5` as well as `docker run image mariadbd --max-connections=5`.
case "${1:-}" in
    mariadbd) shift ;;
    '' | -*) ;;
    *) exec "$@" ;;
esac

# The package with the whole server makes this user. The packages in this image do not.
getent passwd mysql >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin mysql
install -d -o mysql -g mysql -m 0750 "$data" /run/mysqld

# A container that was stopped and started again has its data already.
if [ ! -d "$data/mysql" ]; then
    if [ -z "${MARIADB_ROOT_PASSWORD:-}" ]; then
        echo "MARIADB_ROOT_PASSWORD is not set: a database without a password would listen to everyone" >&2
        exit 1
    fi
    mariadb-install-db --user=mysql --datadir="$data" --skip-test-db --skip-name-resolve \
        --auth-root-authentication-method=normal >/dev/null
    # The server runs this file before it listens.
    (
        umask 077
        cat >"$setup" <<SQL
ALTER USER 'root'@'localhost' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
CREATE USER 'root'@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
CREATE DATABASE \`$MARIADB_DATABASE\`;
CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$MARIADB_PASSWORD';
GRANT ALL ON \`$MARIADB_DATABASE\`.* TO '$MARIADB_USER'@'%';
SQL
    )
    chown mysql "$setup"
    set -- "--init-file=$setup" "$@"
fi

exec mariadbd --user=mysql --datadir="$data" --bind-address=0.0.0.0 "$@"
