-- The number of requests to the assessment's model; NULL is one, in rows of earlier versions.
ALTER TABLE assessments ADD COLUMN IF NOT EXISTS requests BIGINT;
