-- Work orders of manufacturing lines.
create table batch (
  id uuid primary key,
  name text not null unique,
  manufacturer uuid not null references manufacturer,
  model text not null,
  profile text not null references device_profile,
  certificate_profile text,
  owner text not null,
  site text not null,
  line text,
  serial_pattern text,
  ordered integer not null check (ordered between 1 and 5000000),
  registered integer not null default 0 check (registered between 0 and ordered),
  state text not null,
  created_at timestamptz not null,
  closed_at timestamptz,
  manifest_digest bytea,
  -- CMS, detached.
  manifest_signature bytea
);
create index batch_site on batch (site, id);

-- Apart from the order, whose row a line that registers devices locks.
create table batch_count (
  batch uuid primary key references batch,
  issued integer not null default 0,
  refused bigint not null default 0
);

-- Law 2 for a line: what was asked for under a row's key, and the one certificate for it. Never partitioned, never deleted
-- from. What changes stands in no index.
create table batch_row (
  batch uuid not null,
  row_key text not null,
  device uuid not null,
  key_digest bytea,
  -- The thumbprint.
  certificate bytea,
  station text,
  -- Under way as long as there is an issuance_block of this id.
  block uuid,
  primary key (batch, row_key)
) with (fillfactor = 70);
create unique index batch_row_device on batch_row (device);
