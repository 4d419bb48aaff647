-- Security events that wait for their receiver; the token is signed when it goes out.
create table security_event (
  id uuid primary key,
  point uuid not null references enforcement_point,
  device uuid not null,
  type text not null,
  payload text not null,
  enforcement uuid,
  transaction uuid not null,
  at timestamptz not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  done_at timestamptz,
  detail text not null
);
create index security_event_waiting on security_event (point, id) where done_at is null;
create index security_event_due on security_event (next_attempt_at) where done_at is null;
create unique index security_event_enforcement on security_event (enforcement) where enforcement is not null;

-- What was last told about a device, so that only a change is an event.
create table compliance (
  device uuid primary key,
  compliant boolean not null,
  at timestamptz not null
);
