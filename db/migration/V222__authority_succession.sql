alter table authority
  -- Who certifies in its place, and from when on.
  add column successor text references authority,
  add column successor_from timestamptz,
  add constraint authority_successor check ((successor is null) = (successor_from is null));

-- What devices were given to trust, by the digest over the certificates.
create table trust_bundle (
  digest bytea primary key,
  authorities text[] not null,
  first_given_at timestamptz not null default clock_timestamp()
);

-- The bundle that a device fetched last while it showed its certificate.
create table device_trust_bundle (
  device uuid primary key references device,
  bundle bytea not null references trust_bundle,
  fetched_at timestamptz not null
);
create index device_trust_bundle_bundle on device_trust_bundle (bundle);
