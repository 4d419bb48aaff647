-- Keys that the server made for devices, sealed, so that a retry gets the same one: until they are fetched no more.
create table generated_key (
  -- SHA-256 over what authenticated the request, the device and the certificate profile.
  request bytea primary key,
  spki bytea not null,
  sealed bytea not null,
  expires_at timestamptz not null
);
create index generated_key_expires on generated_key (expires_at);
