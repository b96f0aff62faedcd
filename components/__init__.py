"""What the stacks are made of: one Pulumi component a file."""
