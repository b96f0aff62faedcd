"""What a metrics store holds of Temporal clusters, and the cluster files that follow from it."""
