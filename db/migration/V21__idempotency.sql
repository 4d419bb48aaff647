-- Answers to requests that carried an Idempotency-Key, kept for a day. A row becomes visible with its answer, because
-- both commit together with the change that was asked for.
CREATE TABLE idempotency (
  operator text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
  request bytea NOT NULL CHECK (octet_length(request) = 32),
  status integer,
  answer bytea,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (operator, key)
);
COMMENT ON COLUMN idempotency.request IS 'SHA-256 over method, path and body';
COMMENT ON COLUMN idempotency.answer IS 'the JSON answer, sealed: it may contain a secret that is told once';
CREATE INDEX idempotency_created_at ON idempotency (created_at);
