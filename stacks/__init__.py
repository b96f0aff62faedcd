"""The three stacks, their settings, and the catalogue of services that run."""
