-- One row for each cluster, written by every save: two concurrent saves conflict here (SQLSTATE
-- 40001), and the one that runs again reads the rows of the other.
CREATE TABLE IF NOT EXISTS clusters (
    cluster TEXT PRIMARY KEY,
    saves BIGINT NOT NULL
);

-- One row for each cycle. JSON is TEXT, for Aurora DSQL. "fired" are names of rules, "issues"
-- fingerprints.
CREATE TABLE IF NOT EXISTS cycles (
    key UUID PRIMARY KEY,
    cluster TEXT NOT NULL,
    run_id TEXT NOT NULL,
    cycle BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL,
    band TEXT,
    idle BOOLEAN NOT NULL,
    fired TEXT NOT NULL,
    causes TEXT NOT NULL,
    issues TEXT NOT NULL,
    decision TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    explanation TEXT NOT NULL
);

CREATE INDEX ASYNC IF NOT EXISTS cycles_by_time ON cycles (cluster, at);
