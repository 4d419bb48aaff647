create table signing_key (
  id uuid primary key,
  algorithm text not null,
  purpose text not null,
  subject_public_key_info bytea not null,
  sealed_private_key bytea not null,
  created_at timestamptz not null
);
create index signing_key_purpose on signing_key (purpose, created_at desc);
