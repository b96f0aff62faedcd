-- One row, for the budget that all clusters of the store share, written by every reservation of a
-- model's call: two concurrent ones conflict here (SQLSTATE 40001), and the one that runs again
-- counts the other.
CREATE TABLE IF NOT EXISTS model_budgets (
    name TEXT PRIMARY KEY,
    calls BIGINT NOT NULL
);
