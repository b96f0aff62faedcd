# Creates Temporal's schema on an Aurora DSQL cluster; a schema that exists stays.
# Usage: sh create-dsql-schema.sh ENDPOINT VERSION TABLES_FILE [--overwrite], with AWS_REGION and
# credentials in the environment. --overwrite drops the tables that TABLES_FILE lists first.
set -eu
endpoint=$1
wanted=$2
tables=$3
overwrite=${4:-}
PGPASSWORD=$(aws dsql generate-db-connect-admin-auth-token --hostname "$endpoint" --region "$AWS_REGION")
export PGPASSWORD

sql() {
  psql --no-psqlrc --tuples-only --no-align --quiet --set ON_ERROR_STOP=1 "$@" \
    "host=$endpoint port=5432 dbname=postgres user=admin sslmode=verify-full sslrootcert=system"
}

query() {
  sql --command "$1"
}

has_table() {
  test "$(query "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name = '$1'")" != 0
}

drop_tables_once() {
  # The version first and its table last, so that the next run detects an interruption.
  if has_table schema_version; then
    query "DELETE FROM schema_version" || return 1
  fi
  # Aurora DSQL takes one DDL statement in a transaction.
  sed 's/.*/DROP TABLE IF EXISTS &;/' "$tables" | sql --file -
}

# The tool's own --overwrite would drop all tables, the Copilot's too.
drop_tables() {
  # A concurrent change of the schema, such as an index that Aurora DSQL still builds, fails a
  # statement with OC001, which means that it should be retried.
  attempt=1
  until drop_tables_once; do
    test "$attempt" -lt 8 || exit 1
    attempt=$((attempt + 1))
    sleep 1
  done
}

is_older() {
  awk -v a="$1" -v b="$2" 'BEGIN {
    split(a, one, "."); split(b, other, ".")
    exit !(one[1] + 0 < other[1] + 0 || (one[1] + 0 == other[1] + 0 && one[2] + 0 < other[2] + 0))
  }'
}

if test "$overwrite" = --overwrite; then
  drop_tables
  echo "dropped Temporal's tables on $endpoint"
elif has_table schema_version; then
  version=$(query "SELECT curr_version FROM schema_version WHERE db_name = 'postgres'")
  if test -n "$version"; then
    if is_older "$version" "$wanted"; then
      # The tool cannot update.
      echo "the schema on $endpoint has version $version, and the server needs $wanted: update it by hand, recreate it with --overwrite of \`tdeploy schema\`, or use another cluster" >&2
      exit 1
    fi
    echo "the schema exists, version $version"
    exit 0
  fi
  # An earlier run was interrupted: the tool writes the version last, and cannot continue. The
  # tables are dropped only where they hold no data.
  if has_table namespaces && test "$(query "SELECT count(*) FROM namespaces")" != 0; then
    echo "the schema on $endpoint has data but no version: set it up by hand with temporal-dsql-tool, or recreate it with --overwrite of \`tdeploy schema\`" >&2
    exit 1
  fi
  drop_tables
fi
exec temporal-dsql-tool --endpoint "$endpoint" --region "$AWS_REGION" setup-schema \
  --schema-name dsql/temporal --version "$wanted"
