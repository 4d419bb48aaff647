-- Who asks for certificates in the name of devices, recognised by its registered certificate.
create table registration_authority (
  id uuid primary key,
  name text not null,
  manufacturer text not null,
  -- Empty for every one that a device may have.
  profiles text[] not null,
  key_digest bytea not null,
  created_at timestamptz not null,
  removed_at timestamptz
);
create unique index registration_authority_name on registration_authority (name) where removed_at is null;
