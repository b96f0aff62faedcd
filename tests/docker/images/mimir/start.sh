#!/bin/sh
# Mimir's own arguments, which name its own configuration, are left aside.
exec prometheus --config.file=/etc/prometheus.yml --storage.tsdb.path=/data \
  --web.listen-address=0.0.0.0:9009 --web.route-prefix=/prometheus \
  --web.external-url=http://mimir:9009/prometheus --log.level=warn
