-- The number of the first CRL that lists it: what no list carries yet is found without comparing times.
alter table credential add column listed_in bigint;
create index credential_unlisted on credential (authority, crl_shard) where state = 'REVOKED' and listed_in is null;
