-- Operators, of whose bearer tokens only the SHA-256 digest is kept.
CREATE TABLE operator (
  name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
  roles text NOT NULL,
  token_digest bytea NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
  created_at timestamptz NOT NULL
);
COMMENT ON COLUMN operator.roles IS 'lower-case role names, sorted, joined by commas';
