CREATE TABLE IF NOT EXISTS state_changes (
    key UUID PRIMARY KEY,
    cluster TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    cycle BIGINT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    band TEXT,
    causes TEXT NOT NULL,
    summary TEXT NOT NULL
);

CREATE INDEX ASYNC IF NOT EXISTS state_changes_by_time ON state_changes (cluster, at, key);
