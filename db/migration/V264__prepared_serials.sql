-- Law 1 for certificates one at a time: what is about to be signed. It goes in the transaction that records the
-- certificate, or when what a crash left is closed. So a certificate enters the indexes of all that were ever issued once.
create table issuance_prepared (
  id uuid primary key,
  authority text not null,
  serial text not null,
  subject_kind text not null,
  subject_id text not null,
  profile text not null,
  key_digest bytea not null,
  tbs bytea not null,
  not_before timestamptz not null,
  not_after timestamptz not null,
  crl_shard integer not null,
  revocation_counter bigint not null,
  prepared_at timestamptz not null,
  prepared_by uuid not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, vacuum_truncate = off);
create index issuance_prepared_key on issuance_prepared (key_digest);

with left_over as (
  delete from credential where state = 'PREPARED' and subject_kind <> 'AUTHORITY' returning *)
insert into issuance_prepared
select id, authority, serial, subject_kind, subject_id, profile, key_digest, tbs_certificate, not_before, not_after,
  crl_shard, revocation_counter, prepared_at, coalesce(prepared_by, '00000000-0000-0000-0000-000000000000')
from left_over;
