# Makes Temporal's index template and the named visibility indices, or leaves them as they are.
# Usage: sh create-indices.sh INDEX..., with ES_SERVER in the environment.
set -eu
temporal-elasticsearch-tool setup-schema
for index in "$@"; do
  temporal-elasticsearch-tool create-index --index "$index"
done
