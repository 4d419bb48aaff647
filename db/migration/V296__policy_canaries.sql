-- Policies that are tried on a share of the fleet; one at a time. What ended it says what became of it.
create table policy_canary (
  number    bigint           primary key,
  base      text             not null,
  candidate text             not null,
  percent   integer          not null check (percent between 1 and 100),
  profile   text,
  site      text,
  note      text             not null,
  begun_at  timestamptz      not null,
  begun_by  text             not null,
  until_at  timestamptz      not null,
  ended_at  timestamptz,
  outcome   text             check (outcome in ('promoted', 'abandoned', 'expired')),
  check ((ended_at is null) = (outcome is null))
);

create unique index policy_canary_live on policy_canary ((true)) where ended_at is null;

-- What it changes of the set that is in force; null withdraws.
create table policy_canary_change (
  canary   bigint           not null references policy_canary (number),
  name     text collate "C" not null,
  replaced text,
  hash     text,
  primary key (canary, name),
  foreign key (name, hash) references policy_version (name, hash)
);

-- What was decided on each side, added up by every node.
create table policy_canary_count (
  canary    bigint  not null references policy_canary (number),
  candidate boolean not null,
  permits   bigint  not null,
  denials   bigint  not null,
  compared  bigint  not null,
  differing bigint  not null,
  primary key (canary, candidate)
);
