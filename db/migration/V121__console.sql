-- How operators without a realm sign in to the console. Of links and sessions only SHA-256 digests are kept.
CREATE TABLE operator_password (
  operator text PRIMARY KEY REFERENCES operator ON DELETE CASCADE,
  hash bytea NOT NULL,
  salt bytea NOT NULL,
  memory_kib integer NOT NULL,
  iterations integer NOT NULL,
  lanes integer NOT NULL,
  set_at timestamptz NOT NULL
);
COMMENT ON TABLE operator_password IS 'Argon2id (RFC 9106), version 0x13';

CREATE TABLE console_link (
  digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  operator text NOT NULL REFERENCES operator ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);
CREATE INDEX console_link_operator ON console_link (operator);
COMMENT ON TABLE console_link IS 'one-time links that set a password; gone when used';

CREATE TABLE console_session (
  digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  operator text NOT NULL,
  registered boolean NOT NULL,
  roles text NOT NULL,
  sites text NOT NULL,
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL
);
CREATE INDEX console_session_operator ON console_session (operator, created_at);
CREATE INDEX console_session_ends_at ON console_session (ends_at);
COMMENT ON COLUMN console_session.registered IS
  'whether roles and sites are those of the row of operator at the time of each request; otherwise those given here';
