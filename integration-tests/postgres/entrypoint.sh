#!/bin/sh
# Starts Postgres in the image that `cargo xtask test` builds where the official one can't be pulled. What the
# tests rely on is as in the official image: the three POSTGRES_ variables, arguments for the server, and
# which of the two servers logs where.
set -eu

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

as_postgres() {
    setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
}

# `docker run image -c fsync=off` as well as `docker run image postgres -c fsync=off`.
case "${1:-}" in
    postgres) shift ;;
    '' | -*) ;;
    *) exec "$@" ;;
esac

install -d -o postgres -g postgres -m 0700 "$PGDATA"
install -d -o postgres -g postgres -m 2775 /var/run/postgresql

# A container that was stopped and started again has its data already.
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "POSTGRES_PASSWORD is not set: a database without a password would listen to everyone" >&2
        exit 1
    fi
    password_file=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" >"$password_file"
    chown postgres "$password_file"
    # No test outlives a crash of the machine, so that nothing need be forced to the disk.
    as_postgres initdb --no-sync --pgdata="$PGDATA" --username="$user" --pwfile="$password_file" \
        --auth-local=trust --auth-host=scram-sha-256
    rm "$password_file"
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"

    # The database is made by a temporary server that listens on no network, so that who sees the port open
    # finds the database there. pg_ctl lets it log on standard output, the final server logs on standard
    # error: who waits for "ready to accept connections" on both knows that the final one is up.
    as_postgres pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses=''" --wait start
    if [ "$database" != postgres ]; then
        as_postgres createdb --username="$user" --maintenance-db=postgres -- "$database"
    fi
    as_postgres pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
fi

exec setpriv --reuid=postgres --regid=postgres --init-groups -- \
    postgres -D "$PGDATA" -c listen_addresses='*' "$@"
