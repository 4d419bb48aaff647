-- Where a token says whether it was withdrawn: a list and a place on it. Places are handed out in blocks, each of them
-- spread over its list and shuffled, so that a place tells nothing of when its token was made.
create sequence grant_status_block as bigint minvalue 0 start 0 no cycle;

-- Lists on which a token that lives may have its place.
create table grant_status_list (
  list     integer     primary key,
  taken_at timestamptz not null
);

alter table network_grant add column status_list integer;
alter table network_grant add column status_index integer;

create index network_grant_status on network_grant (status_list, expires_at) where withdrawn_at is not null;
