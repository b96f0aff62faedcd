#!/bin/sh
# As the public image does: a configuration made of environment variables.
set -eu
mkdir -p config
cat >config/docker.yaml <<EOF
temporalGrpcAddress: ${TEMPORAL_ADDRESS}
host: 0.0.0.0
port: ${TEMPORAL_UI_PORT:-8080}
enableUi: true
notifyOnNewVersion: false
EOF
exec temporal-ui --root . --config config --env docker start
