-- A grant that is over before its time: withdrawn once, never given back.
alter table network_grant add column withdrawn_at timestamptz;
alter table network_grant add column withdrawn_because text;

create index network_grant_open_device on network_grant (device, expires_at) where withdrawn_at is null;
create index network_grant_open on network_grant (expires_at, id) where withdrawn_at is null;
