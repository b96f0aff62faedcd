#!/bin/sh
# Starts OpenSearch with the settings that the public images take from their environment: the
# variables in lower case with dots, which this shell itself does not keep.
set -euf
{
  echo 'network.host: "0.0.0.0"'
  tr '\0' '\n' < /proc/$$/environ | sed -n 's/^\([a-z_]*\.[a-z_.]*\)=\(.*\)$/\1: "\2"/p'
} > /usr/share/elasticsearch/config/opensearch.yml
# Words without quotes; the pattern in them is Java's own.
exec $COMMAND
