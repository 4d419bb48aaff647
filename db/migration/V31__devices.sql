create table manufacturer (
  id uuid primary key,
  name text not null unique,
  created_at timestamptz not null
);

create table trust_anchor (
  digest text primary key,
  manufacturer uuid not null references manufacturer,
  subject text not null,
  certificate bytea not null
);
create index trust_anchor_subject on trust_anchor (subject);
create index trust_anchor_manufacturer on trust_anchor (manufacturer);

create table device_profile (
  name text primary key,
  yaml text not null,
  applied_at timestamptz not null
);

create table hardware_unit (
  id uuid primary key,
  manufacturer uuid not null references manufacturer,
  model text not null,
  serial_number text not null,
  unique (manufacturer, serial_number)
);

create table device (
  id uuid primary key,
  hardware_unit uuid not null references hardware_unit,
  profile text not null references device_profile,
  owner text not null,
  site text not null,
  labels jsonb not null,
  state text not null,
  enrolled boolean not null,
  revocation_counter bigint not null,
  created_at timestamptz not null
);
-- Law 3: at most one live identity on a hardware unit.
create unique index device_live on device (hardware_unit) where state <> 'DECOMMISSIONED';
create index device_hardware_unit on device (hardware_unit, created_at desc);

-- Law 3: one key, one hardware unit, for ever. Never partitioned, never deleted from. No unit: a key of the server's own.
create table key_digest (
  digest bytea primary key,
  hardware_unit uuid references hardware_unit,
  kind text not null,
  claimed_at timestamptz not null,
  -- Set when a certificate on the key was revoked for keyCompromise: the key is certified for nobody again.
  compromised_at timestamptz
);
