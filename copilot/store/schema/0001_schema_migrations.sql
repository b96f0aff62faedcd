-- Aurora DSQL's dialect; on PostgreSQL the word ASYNC is left out.
-- Each statement runs in a transaction of its own and must be safe to run again.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version TEXT PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL
);
