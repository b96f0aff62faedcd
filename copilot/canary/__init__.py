"""The canary: small workflows of the Copilot on the monitored cluster, one for each shard."""
