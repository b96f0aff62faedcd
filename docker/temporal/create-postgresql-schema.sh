# Creates a Temporal cluster's two databases on PostgreSQL, or leaves what is there already.
# Usage: sh create-postgresql-schema.sh DATABASE PASSWORD_FILE; the rest is in SQL_* variables.
set -eu
SQL_PASSWORD=$(cat "$2")
export SQL_PASSWORD

create() {
  export SQL_DATABASE="$1"
  temporal-sql-tool create-database
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "postgresql/v12/$2"
}

create "$1" temporal
create "$1_visibility" visibility
