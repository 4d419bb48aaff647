create table enforcement_point (
  id uuid primary key,
  name text not null,
  kind text not null,
  key_digest bytea not null,
  created_at timestamptz not null,
  removed_at timestamptz
);
create unique index enforcement_point_name on enforcement_point (name) where removed_at is null;
