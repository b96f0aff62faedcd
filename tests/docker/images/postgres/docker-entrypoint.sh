#!/bin/sh
# The part of the public image's entry point that the stack relies on: an empty data folder becomes
# a server with one user, its password and one database. Nothing waits for the disk, which may be
# slow for minutes after images were built.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --no-sync \
    --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  echo "fsync = off" >>"$PGDATA/postgresql.conf"
  pg_ctl --wait start -o "-c listen_addresses=''" >/dev/null
  createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl --wait stop >/dev/null
fi
exec "$@" -c "listen_addresses=*"
