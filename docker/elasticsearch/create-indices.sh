# Creates Temporal's index template and the named visibility indices; existing ones stay, with the
# fields of the present version.
# Usage: sh create-indices.sh [--overwrite INDEX] INDEX..., with ES_SERVER in the environment.
# --overwrite drops INDEX first.
set -eu
dropped=
if test "$1" = --overwrite; then
  dropped=$2
  shift 2
fi
temporal-elasticsearch-tool setup-schema
if test -n "$dropped"; then
  # Create it first: the tool fails to drop an index that does not exist, and its other mode hides
  # all failures.
  temporal-elasticsearch-tool create-index --index "$dropped"
  temporal-elasticsearch-tool drop-index --index "$dropped"
fi
for index in "$@"; do
  temporal-elasticsearch-tool create-index --index "$index"
  # Adds the fields that an index of an older version lacks.
  temporal-elasticsearch-tool update-schema --index "$index"
done
