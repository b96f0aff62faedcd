"""The history of decisions, in PostgreSQL or Aurora DSQL."""
