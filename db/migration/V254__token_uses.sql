-- A token for several devices names no device: what it covers is in these columns.
alter table enrollment_token alter column device drop not null;
alter table enrollment_token add column manufacturer text;
alter table enrollment_token add column site text;
alter table enrollment_token add column serial_pattern text;
alter table enrollment_token add column network text;
alter table enrollment_token add column profile text;
alter table enrollment_token add column uses integer not null default 1;
alter table enrollment_token add column used integer not null default 0;

create table enrollment_token_use (
  token uuid not null references enrollment_token,
  -- SHA-256 in hex over the order that was counted: the same order may come again (law 2).
  request text not null,
  device uuid not null,
  used_at timestamptz not null,
  primary key (token, request)
);

insert into enrollment_token_use (token, request, device, used_at)
  select id, used_by, device, coalesce(used_at, created_at) from enrollment_token where used_by is not null;
update enrollment_token set used = 1 where used_at is not null or used_by is not null;

alter table enrollment_token drop column used_by;
alter table enrollment_token add constraint enrollment_token_counts check (used between 0 and uses);
alter table enrollment_token add constraint enrollment_token_covers
  check (device is not null or manufacturer is not null);
create index enrollment_token_site on enrollment_token (site, id) where device is null;
