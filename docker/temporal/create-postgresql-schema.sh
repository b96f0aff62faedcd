# Creates a Temporal cluster's two databases on PostgreSQL; databases that exist stay.
# Usage: sh create-postgresql-schema.sh DATABASE PASSWORD_FILE [--overwrite], with the other options
# in SQL_* variables. --overwrite drops both databases first.
set -eu
SQL_PASSWORD=$(cat "$2")
export SQL_PASSWORD

# The tool logs every statement; the log is printed only when it fails.
tool() {
  log=$(temporal-sql-tool "$@" 2>&1) || {
    echo "$log" >&2
    exit 1
  }
}

create() {
  export SQL_DATABASE="$1"
  tool create-database
  tool setup-schema --version 0.0
  tool update-schema --schema-name "postgresql/v12/$2"
  found=$(echo "$log" | sed -n \
    -e 's/.*found zero updates from current version \([0-9.]*\).*/the schema exists, version \1/p' \
    -e 's/.*Schema updated from .* to \([0-9.]*\).*/the schema now has version \1/p' | tail -n 1)
  echo "$1: ${found:-set up}"
}

if test "${3:-}" = --overwrite; then
  # Both, before either is created: an interruption leaves no old database beside a new one.
  for database in "$1_visibility" "$1"; do
    export SQL_DATABASE="$database"
    tool drop-database --force
    echo "$database: dropped"
  done
fi
create "$1" temporal
create "$1_visibility" visibility
