-- What documents in observe mode let be, added up: devices of which profile went where, how often. Who writes bounds it.
create table observation (
  id           uuid             primary key,
  document     text collate "C" not null,
  profile      text collate "C" not null,
  direction    text             not null,
  protocol     text             not null,
  peer         text collate "C" not null,
  port         integer          not null,
  reason       text             not null,
  uses         bigint           not null,
  first_at     timestamptz      not null,
  last_at      timestamptz      not null,
  first_device uuid             not null,
  unique (document, profile, direction, protocol, peer, port)
);

create index observation_first_device on observation (first_device);

-- The first hundred devices of each, to tell one that does it often from many.
create table observation_device (
  observation uuid not null references observation (id) on delete cascade,
  device      uuid not null,
  primary key (observation, device)
);

-- What there was no room for.
create table observation_missed (
  document text collate "C" primary key,
  uses     bigint           not null,
  last_at  timestamptz      not null
);
