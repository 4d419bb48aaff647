create table authority (
  name text primary key,
  issuer text not null,
  -- Null for a root whose key is kept elsewhere.
  signing_key uuid references signing_key,
  certificate bytea,
  crl_number bigint not null,
  created_at timestamptz not null
);

-- Law 1: serial and exact TBSCertificate are here before anything is signed.
create table credential (
  id uuid primary key,
  authority text not null references authority,
  serial text not null,
  subject_kind text not null,
  subject_id text not null,
  profile text not null,
  key_digest bytea not null,
  tbs_certificate bytea not null,
  certificate bytea,
  thumbprint bytea,
  not_before timestamptz not null,
  not_after timestamptz not null,
  crl_shard integer not null,
  state text not null,
  revocation_counter bigint not null,
  prepared_at timestamptz not null,
  issued_at timestamptz,
  first_used_at timestamptz,
  superseded_at timestamptz,
  revoked_at timestamptz,
  revocation_reason text,
  unique (authority, serial)
);
create unique index credential_thumbprint on credential (thumbprint);
create index credential_subject on credential (subject_kind, subject_id, prepared_at desc);
create index credential_key on credential (key_digest);
create index credential_unfinished on credential (prepared_at) where state = 'PREPARED';
create index credential_revoked on credential (authority, crl_shard, serial) where state = 'REVOKED';

-- Law 2: who asked for what, and the last certificate made for it.
create table issuance_request (
  digest text primary key,
  credential uuid not null references credential,
  requested_at timestamptz not null
);

create table crl (
  authority text not null references authority,
  shard integer not null,
  number bigint not null,
  this_update timestamptz not null,
  next_update timestamptz not null,
  crl bytea not null,
  primary key (authority, shard)
);
