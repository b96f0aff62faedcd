-- "id" stands for cluster, namespace, kind and name, which can be longer than a key of Aurora DSQL.
-- "busyness" is tasks that wait, arrive or leave within a minute.
CREATE TABLE IF NOT EXISTS remembered_queues (
    id UUID PRIMARY KEY,
    cluster TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    busyness DOUBLE PRECISION NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    last_active_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX ASYNC IF NOT EXISTS remembered_queues_by_busyness
    ON remembered_queues (cluster, busyness);
