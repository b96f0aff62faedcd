"""Everything that talks to Pulumi: its CLI, this project, its stacks, progress and errors."""
