-- What a point guards and how it is reached; the sessions, addresses and withdrawals that it has to do with.

alter table enforcement_point add column settings text not null default '{}';
alter table enforcement_point add column sealed_secret bytea;

create table access_session (
  id uuid primary key,
  point uuid not null references enforcement_point,
  device uuid not null,
  -- As the point names it, for instance Acct-Session-Id.
  name text not null,
  port text not null,
  permit boolean not null,
  attributes text not null,
  decision uuid,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  ended_at timestamptz,
  end_reason text
);
create unique index access_session_live on access_session (point, name) where ended_at is null;
create index access_session_device on access_session (device, started_at desc);
create index access_session_silent on access_session (seen_at) where ended_at is null;

create table address_binding (
  id uuid primary key,
  device uuid not null,
  address text not null,
  segment text not null,
  source text not null,
  session uuid,
  since timestamptz not null,
  until timestamptz not null,
  withdrawn_at timestamptz,
  withdrawn_because text
);
-- An address within a segment stands for one device at a time.
create unique index address_binding_live on address_binding (segment, address) where withdrawn_at is null;
create index address_binding_device on address_binding (device, since desc);
create index address_binding_session on address_binding (session) where withdrawn_at is null;

create table enforcement (
  id uuid primary key,
  point uuid not null references enforcement_point,
  device uuid not null,
  session uuid,
  reason text not null,
  desired_at timestamptz not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  unconfirmed_at timestamptz,
  acknowledged_at timestamptz,
  detail text not null
);
create index enforcement_device on enforcement (device, desired_at desc);
create index enforcement_due on enforcement (next_attempt_at) where acknowledged_at is null;
create unique index enforcement_open on enforcement (point, device, coalesce(session, '00000000-0000-0000-0000-000000000000'))
  where acknowledged_at is null;
