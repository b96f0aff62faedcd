-- A row from the first cycle with an issue to the first without it. A fingerprint can be longer
-- than an index key of Aurora DSQL (1 KiB), so no index has it.
CREATE TABLE IF NOT EXISTS issues (
    id UUID PRIMARY KEY,
    cluster TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    gate TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    likely_causes TEXT NOT NULL,
    next_checks TEXT NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ
);

CREATE INDEX ASYNC IF NOT EXISTS issues_by_opening ON issues (cluster, opened_at);

CREATE INDEX ASYNC IF NOT EXISTS issues_by_resolution ON issues (cluster, resolved_at);
