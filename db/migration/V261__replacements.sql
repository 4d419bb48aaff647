-- A spare that took the place of a failed device; each takes one place and leaves one.
create table replacement (
  failed uuid primary key,
  spare uuid not null unique,
  name text not null,
  reason text not null,
  replaced_by text not null,
  replaced_at timestamptz not null
);

-- A returned unit that lives on under a new identity.
create table remanufacture (
  device uuid primary key,
  next uuid not null unique,
  reason text not null,
  done_by text not null,
  done_at timestamptz not null
);
