-- Law 1 for many certificates at once: what is about to be signed, one row for a block of them. It goes in the transaction
-- that records the certificates, or when what a crash left is closed.
create table issuance_block (
  id uuid primary key,
  -- On whose behalf, such as a batch.
  scope uuid not null,
  prepared_at timestamptz not null,
  prepared_by uuid not null,
  ids uuid[] not null,
  authorities text[] not null,
  serials text[] not null,
  subject_kinds text[] not null,
  subjects text[] not null,
  profiles text[] not null,
  key_digests bytea[] not null,
  counters bigint[] not null,
  not_before timestamptz[] not null,
  not_after timestamptz[] not null,
  crl_shards integer[] not null,
  tbs bytea[] not null
);
create index issuance_block_scope on issuance_block (scope);
-- It stands for some milliseconds: no time to compress it.
alter table issuance_block alter column tbs set storage external;
