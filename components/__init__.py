"""Pulumi components, one a file, and the workloads that they deploy."""
