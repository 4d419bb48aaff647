-- Renewals that an administrator pulled forward. Null means any. Few: those that were not ended are read as a whole.
create table renewal_campaign (
  id uuid primary key,
  authority text,
  certificate_profile text,
  device_profile text,
  site text,
  reason text not null,
  started_by text not null,
  started_at timestamptz not null,
  until timestamptz not null,
  ended_at timestamptz
);
create index renewal_campaign_open on renewal_campaign (started_at) where ended_at is null;
