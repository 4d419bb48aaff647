-- Challenges are short-lived; evidence and appraisals are written once and never changed.

create table challenge (
  nonce_digest bytea primary key check (octet_length(nonce_digest) = 32),
  device uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

create index challenge_of_device on challenge (device, created_at desc);
create index challenge_by_expiry on challenge (expires_at);

create table evidence (
  id uuid primary key,
  device uuid not null,
  credential bytea not null check (octet_length(credential) = 32),
  media_type text not null,
  octets bytea not null,
  received_at timestamptz not null
);

create table appraisal (
  id uuid primary key,
  device uuid not null,
  evidence uuid not null references evidence (id),
  status text not null check (status in ('NONE', 'AFFIRMING', 'WARNING', 'CONTRAINDICATED')),
  claims text not null,
  observed text not null,
  at timestamptz not null,
  expires_at timestamptz not null,
  ear text not null
);

-- The newest appraisal of a device is one index entry away, however many there are.
create index appraisal_newest on appraisal (device, at desc, id desc);
create index appraisal_of_evidence on appraisal (evidence);
