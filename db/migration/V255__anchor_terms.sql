-- What an anchor counts for; nothing said means no limit.
alter table trust_anchor add column models text[] not null default '{}';
alter table trust_anchor add column serial_patterns text[] not null default '{}';
alter table trust_anchor add column not_before timestamptz;
alter table trust_anchor add column not_after timestamptz;
alter table trust_anchor add column lists_required boolean not null default false;
-- Shut for good: the SHA-256 of its public key, because another certificate may stand on the same key.
alter table trust_anchor add column distrusted_at timestamptz;
alter table trust_anchor add column distrusted_key bytea;
alter table trust_anchor add column distrust_reason text;

-- Authorities between an anchor and its devices, as chains brought them that were valid to the anchor.
create table manufacturer_intermediate (
  digest text primary key,
  anchor text not null references trust_anchor on delete cascade,
  subject text not null,
  certificate bytea not null,
  kept_at timestamptz not null
);
create index manufacturer_intermediate_subject on manufacturer_intermediate (subject);
create index manufacturer_intermediate_anchor on manufacturer_intermediate (anchor);

-- The last whole revocation list of an issuer under an anchor, and what it names.
create table manufacturer_list (
  anchor text not null references trust_anchor on delete cascade,
  issuer text not null,
  number numeric,
  this_update timestamptz not null,
  next_update timestamptz,
  sha256 text not null,
  entries integer not null,
  primary key (anchor, issuer)
);
create table manufacturer_list_entry (
  anchor text not null,
  issuer text not null,
  serial text not null,
  primary key (anchor, issuer, serial),
  foreign key (anchor, issuer) references manufacturer_list on delete cascade
);

-- The authorities between an IDevID and its anchor, with the anchor: few differ.
create table admission_path (
  digest text primary key,
  manufacturer uuid not null,
  anchor text not null,
  -- SHA-256 of each one's public key.
  keys bytea[] not null
);

-- Which IDevID a device was admitted by, and on which path it was trusted.
create table admission (
  device uuid not null,
  idevid bytea not null,
  idevid_key bytea not null,
  path text not null references admission_path,
  how text not null,
  at timestamptz not null,
  primary key (device, idevid)
);
create index admission_path_device on admission (path, device);
