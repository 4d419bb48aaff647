-- First requests that wait for somebody's approval, by what a repeated one has in common with the first.
create table enrollment_request (
  id uuid primary key,
  -- SHA-256 over what authenticated it, the key, and the certificate profile.
  key bytea not null unique,
  device uuid not null references device,
  profile text not null,
  key_digest bytea not null,
  state text not null constraint enrollment_request_state check (state in ('PENDING', 'APPROVED', 'REJECTED')),
  asked_at timestamptz not null,
  -- Neither an approval nor a rejection counts afterwards.
  expires_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  reason text
);
create index enrollment_request_device on enrollment_request (device, state);
create index enrollment_request_state on enrollment_request (state, id);
