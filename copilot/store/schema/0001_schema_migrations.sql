-- The dialect of Aurora DSQL; on PostgreSQL the word ASYNC is removed.
-- Each statement runs in its own transaction and must be safe to run again.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version TEXT PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL
);
