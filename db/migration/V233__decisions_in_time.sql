-- The lines of the decision log in partitions by time, which are dropped whole; their digests are facts. The former table
-- becomes the first partition as it stands.
alter table decision rename to decision_first;
alter index decision_id rename to decision_first_id;
alter index decision_device rename to decision_first_device;
alter table decision_first
  drop constraint decision_pkey,
  add column period date not null default '-infinity';
alter table decision_first alter column period drop default;

create table decision (
  batch       uuid        not null,
  line        integer     not null,
  id          uuid        not null,
  at          timestamptz not null,
  asked_by    text        not null,
  device      uuid,
  question    text        not null,
  permit      boolean     not null,
  reasons     text        not null,
  policy_hash text        not null,
  appraisal   uuid,
  -- The day with which its partition begins; asked once a batch, with open_partition.
  period      date        not null,
  primary key (batch, line, period)
) partition by range (period);

create index decision_id on decision (id);
create index decision_device on decision (device, at);
create index decision_at on decision using brin (at);

do $$
declare
  month date := date_trunc('month', clock_timestamp() at time zone 'UTC')::date;
begin
  if exists (select from decision_first) then
    execute format('alter table decision attach partition decision_first for values from (minvalue) to (%L)',
      month + interval '1 month');
    insert into time_partition (parent, starts, ends, name)
      values ('decision', '-infinity', month + interval '1 month', 'decision_first');
  else
    drop table decision_first;
    perform add_time_partition('decision', month, (month + interval '1 month')::date);
  end if;
  for ahead in 1 .. 2 loop
    perform add_time_partition('decision', (month + ahead * interval '1 month')::date,
      (month + (ahead + 1) * interval '1 month')::date);
  end loop;
end
$$;
