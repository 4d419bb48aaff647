-- Decisions, in the batches that the log has digests of: the digest in the fact "decisions.logged" about a batch is over
-- the canonical lines of its rows in the order of "line".
create table decision (
  batch       uuid        not null,
  line        integer     not null,
  id          uuid        not null,
  at          timestamptz not null,
  asked_by    text        not null,
  device      uuid,
  question    text        not null,
  permit      boolean     not null,
  reasons     text        not null,
  policy_hash text        not null,
  appraisal   uuid,
  primary key (batch, line)
);

create index decision_id on decision (id);
create index decision_device on decision (device, at);

-- What was handed out. Flows are JSON as in the token; decisions are ids in the order of the flows, separated by spaces.
create table network_grant (
  id          uuid        primary key,
  device      uuid        not null,
  thumbprint  text        not null,
  flows       text        not null,
  issued_at   timestamptz not null,
  expires_at  timestamptz not null,
  decisions   text        not null,
  policy_hash text        not null,
  appraisal   uuid
);

create index network_grant_device on network_grant (device, expires_at);
