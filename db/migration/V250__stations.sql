-- Workplaces of manufacturing lines, each with a certificate of the internal authority.
create table station (
  id uuid primary key,
  name text not null,
  site text not null,
  line text not null,
  -- The only batch that it may work on; null for all of its line.
  batch uuid references batch,
  key_digest bytea not null,
  created_at timestamptz not null,
  removed_at timestamptz
);
create unique index station_name on station (name) where removed_at is null;
