create table enrollment_token (
  id uuid primary key,
  digest bytea not null unique,
  device uuid not null references device,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  -- SHA-256 in hex over the order that consumed it: the same order may come again (law 2).
  used_by text
);
create index enrollment_token_device on enrollment_token (device);
