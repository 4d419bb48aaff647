-- A device that its owner has released, until somebody claims it by the code or the time ends.
create table ownership_release (
  device uuid primary key references device,
  -- SHA-256 of the code.
  code bytea not null unique,
  -- The only one who may claim it, or null for whoever has the code.
  to_owner text,
  released_at timestamptz not null,
  released_by text not null,
  expires_at timestamptz not null
);

-- What owners did with a device, oldest first.
create table ownership_act (
  id uuid primary key,
  device uuid not null references device,
  act text not null constraint ownership_act_act check (act in ('RELEASED', 'KEPT', 'CLAIMED')),
  from_owner text not null,
  to_owner text,
  at timestamptz not null,
  by text not null
);
create index ownership_act_device on ownership_act (device, id);
