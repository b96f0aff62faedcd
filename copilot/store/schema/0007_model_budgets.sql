-- One row, for the budget that all clusters of the store share, written by every call of a model
-- that is noted: two at once conflict here (SQLSTATE 40001), and the one that comes again sees what
-- the other took.
CREATE TABLE IF NOT EXISTS model_budgets (
    name TEXT PRIMARY KEY,
    calls BIGINT NOT NULL
);
