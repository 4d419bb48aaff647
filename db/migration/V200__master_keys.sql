-- The master keys that anything here was ever sealed under, by their ids, in the order in which they became current. The
-- keys themselves are never here.
create table master_key (
  id text primary key check (id ~ '^[0-9a-f]{8}$'),
  generation integer not null unique,
  current_since timestamptz not null,
  -- When all that is stored had been sealed again under a later key; null for the current one, always.
  resealed_at timestamptz
);
