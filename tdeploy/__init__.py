"""`tdeploy`: the command line over the Pulumi program of this repository and the Copilot's API."""
