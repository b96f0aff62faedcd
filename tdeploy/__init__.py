"""`tdeploy`: one command line for the whole life of the environment.

Thin over the Pulumi program in this repository and over the Copilot's API.
"""
