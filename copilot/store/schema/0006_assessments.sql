-- One row for each assessed cycle, under the cycle's key. "explanation" is the rules'; a model's
-- reading is added to it. "asked_at" is set before a model's call; "failure" says why it gave none.
CREATE TABLE IF NOT EXISTS assessments (
    key UUID PRIMARY KEY,
    cluster TEXT NOT NULL,
    cycle BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    stored_at TIMESTAMPTZ NOT NULL,
    trigger TEXT NOT NULL,
    state TEXT NOT NULL,
    band TEXT,
    causes TEXT NOT NULL,
    evidence TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    depth TEXT NOT NULL,
    explained_by TEXT NOT NULL,
    explanation TEXT NOT NULL,
    model TEXT NOT NULL,
    asked_at TIMESTAMPTZ,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_usd DOUBLE PRECISION,
    failure TEXT NOT NULL,
    note TEXT NOT NULL
);

CREATE INDEX ASYNC IF NOT EXISTS assessments_by_time ON assessments (cluster, at);

CREATE INDEX ASYNC IF NOT EXISTS assessments_by_asking ON assessments (asked_at);
