-- Facts in partitions by time, which are dropped whole. What is committed waits, unnumbered, in a table of its own; the
-- sequencer moves it behind the last number, into the newest partition that has begun. So a partition holds a stretch
-- of the log without a gap, whatever clocks say, and no commit waits for a partition to be made or dropped.

-- Every partition that there ever was, of whichever table. The rows stay when the partition is gone.
create table time_partition (
  parent text not null,
  starts date not null,
  ends date not null,
  name text not null unique,
  attached_at timestamptz not null default clock_timestamp(),
  -- Of facts: the first position in it; null until there is one.
  first_position bigint,
  -- Of facts: the last; set when it is announced that its content will go.
  last_position bigint,
  announced_at timestamptz,
  detached_at timestamptz,
  dropped_at timestamptz,
  -- The term under which it went, such as P3653D.
  term text,
  primary key (parent, starts),
  constraint time_partition_forward check (starts < ends)
);

create function time_partition_onward() returns trigger language plpgsql as $$
begin
  raise exception 'What became of a partition is never changed: % on time_partition refused.', lower(tg_op)
    using errcode = 'restrict_violation';
end
$$;

create trigger time_partition_kept before delete on time_partition
  for each row execute function time_partition_onward();
create trigger time_partition_whole before truncate on time_partition
  for each statement execute function time_partition_onward();
create trigger time_partition_unchanging before update on time_partition for each row
  when ((new.parent, new.starts, new.ends, new.name) is distinct from (old.parent, old.starts, old.ends, old.name)
    or old.first_position is not null and new.first_position is distinct from old.first_position
    or old.detached_at is not null and (new.detached_at, new.last_position, new.term, new.announced_at)
      is distinct from (old.detached_at, old.last_position, old.term, old.announced_at)
    or new.detached_at is not null and new.announced_at is null
    or old.dropped_at is not null and new.dropped_at is distinct from old.dropped_at
    or new.dropped_at is not null and new.detached_at is null)
  execute function time_partition_onward();

-- When the job last looked at the clock, since when that had gone on without a jump; and whether dropping is on hold.
create table retention_state (
  id integer primary key check (id = 1),
  seen_at timestamptz,
  steady_since timestamptz,
  held_since timestamptz,
  held_by text,
  held_because text
);
insert into retention_state (id) values (1);

-- Never waits for those who write; the table is the new partition's alone until it is attached.
create function add_time_partition(parent text, starts date, ends date) returns text language plpgsql as $$
declare
  child text := parent || '_' || case when starts = '-infinity' then 'first' else to_char(starts, 'YYYY_MM_DD') end;
begin
  execute format('create table %I (like %I including defaults including constraints including storage)', child, parent);
  if parent = 'fact' then
    execute format('create trigger fact_whole before truncate on %I for each statement execute function log_unchanging()',
      child);
  end if;
  execute format('alter table %I attach partition %I for values from (%s) to (%s)', parent, child,
    case when starts = '-infinity' then 'minvalue' else quote_literal(starts) end,
    case when ends = 'infinity' then 'maxvalue' else quote_literal(ends) end);
  insert into time_partition (parent, starts, ends, name) values (parent, starts, ends, child);
  return child;
end
$$;

-- Where what happens now belongs: the newest partition that has begun or is in use, so that a clock that goes back does not
-- matter and one that jumps ahead matters as far as there are partitions.
create function open_partition(of text) returns date language sql stable as $$
  select coalesce(
    max(starts) filter (where starts <= (clock_timestamp() at time zone 'UTC')::date or first_position is not null),
    min(starts))
  from time_partition where parent = of and detached_at is null
$$;

-- The partition that a position is in, or the last one before it; so that a query reads no more partitions than it must.
create function fact_period(at bigint) returns date language sql stable as $$
  select coalesce(max(starts), '-infinity') from time_partition where parent = 'fact' and first_position <= at
$$;

-- The former table becomes the first partition as it stands. Nothing is copied: it is read three times, for the index and
-- the checks.
drop trigger fact_kept on fact;
drop trigger fact_whole on fact;
drop trigger fact_unchanging on fact;
alter table fact rename to fact_first;
alter index fact_subject rename to fact_first_subject;
alter index fact_kind rename to fact_first_kind;

create table fact_waiting (
  id uuid primary key,
  at timestamptz not null,
  kind text not null,
  actor text not null,
  subject_type text not null,
  subject text not null,
  detail text not null,
  leaf bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

with waiting as (delete from fact_first where position is null returning *)
insert into fact_waiting select id, at, kind, actor, subject_type, subject, detail, leaf from waiting;

alter table fact_first
  drop constraint fact_pkey,
  drop constraint fact_position,
  add column period date not null default '-infinity',
  alter column position set not null;
drop index fact_unnumbered;
alter table fact_first alter column period drop default;

create table fact (
  id uuid not null,
  at timestamptz not null,
  kind text not null,
  actor text not null,
  subject_type text not null,
  subject text not null,
  detail text not null,
  leaf bytea not null,
  position bigint not null constraint fact_position_positive check (position > 0),
  -- The day with which its partition begins.
  period date not null,
  primary key (position, period)
) partition by range (period);
create index fact_subject on fact (subject, position);
create index fact_kind on fact (kind, position);
-- Whether anything in a partition is younger than it should be.
create index fact_at on fact using brin (at);

do $$
declare
  month date := date_trunc('month', clock_timestamp() at time zone 'UTC')::date;
begin
  if exists (select from fact_first) then
    execute format('alter table fact attach partition fact_first for values from (minvalue) to (%L)',
      month + interval '1 month');
    insert into time_partition (parent, starts, ends, name, first_position)
      select 'fact', '-infinity', month + interval '1 month', 'fact_first', min(position) from fact_first;
    create trigger fact_whole before truncate on fact_first
      for each statement execute function log_unchanging();
  else
    drop table fact_first;
    perform add_time_partition('fact', month, (month + interval '1 month')::date);
  end if;
  for ahead in 1 .. 2 loop
    perform add_time_partition('fact', (month + ahead * interval '1 month')::date,
      (month + (ahead + 1) * interval '1 month')::date);
  end loop;
end
$$;

create trigger fact_unchanging before update or delete on fact for each row execute function log_unchanging();
create trigger fact_whole before truncate on fact for each statement execute function log_unchanging();

-- Gives the oldest that wait the numbers after the mark; answers how many. For the sequencer, under its epoch check.
create function number_facts(mark bigint, most integer) returns integer language plpgsql as $$
declare
  into_period date := open_partition('fact');
  numbered integer;
begin
  with moved as (
    delete from fact_waiting where id = any (array(select id from fact_waiting order by id limit most)) returning *)
  insert into fact (id, at, kind, actor, subject_type, subject, detail, leaf, position, period)
    select id, at, kind, actor, subject_type, subject, detail, leaf, mark + row_number() over (order by id), into_period
    from moved;
  get diagnostics numbered = row_count;
  if numbered > 0 then
    update time_partition set first_position = mark + 1
      where parent = 'fact' and starts = into_period and first_position is null;
  end if;
  return numbered;
end
$$;

-- What waits leaves by its number alone: it stands, as it was, among the last of those that have one.
create function fact_numbered() returns trigger language plpgsql as $$
begin
  if exists (
    select from gone g where (g.id, g.at, g.kind, g.actor, g.subject_type, g.subject, g.detail, g.leaf) not in (
      select f.id, f.at, f.kind, f.actor, f.subject_type, f.subject, f.detail, f.leaf from fact f
      where f.period = open_partition('fact')
        and f.position > coalesce((select mark from job_epoch where job = 'sequence'), 0)))
  then
    raise exception 'The log is never changed: delete on fact_waiting refused.' using errcode = 'restrict_violation';
  end if;
  return null;
end
$$;

create trigger fact_waiting_numbered after delete on fact_waiting referencing old table as gone
  for each statement execute function fact_numbered();
create trigger fact_waiting_unchanging before update on fact_waiting for each row execute function log_unchanging();
create trigger fact_waiting_whole before truncate on fact_waiting
  for each statement execute function log_unchanging();
