# Makes Temporal's index template and the named visibility indices, or leaves them as they are.
# Usage: sh create-indices.sh [--overwrite INDEX] INDEX..., with ES_SERVER in the environment. With
# --overwrite it drops that one first.
set -eu
dropped=
if test "$1" = --overwrite; then
  dropped=$2
  shift 2
fi
temporal-elasticsearch-tool setup-schema
if test -n "$dropped"; then
  # The tool fails for an index that is not there, or else would not say any failure.
  temporal-elasticsearch-tool create-index --index "$dropped"
  temporal-elasticsearch-tool drop-index --index "$dropped"
fi
for index in "$@"; do
  temporal-elasticsearch-tool create-index --index "$index"
done
