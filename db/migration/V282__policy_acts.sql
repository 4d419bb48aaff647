-- What was applied, withdrawn or rolled back together: one row an act, and one for each policy that it changed. What
-- applied after an act is, of each name, the newest change up to it. Append-only.
create table policy_act (
  number   bigint      primary key,
  at       timestamptz not null,
  by       text        not null,
  kind     text        not null,
  set_hash text        not null,
  replaced text        not null,
  note     text        not null
);

create index policy_act_set on policy_act (set_hash, number);

create table policy_change (
  act  bigint           not null references policy_act (number),
  name text collate "C" not null,
  hash text,
  primary key (act, name),
  foreign key (name, hash) references policy_version (name, hash)
);

create index policy_change_name on policy_change (name, act);

create trigger policy_act_append_only before update or delete on policy_act
  for each row execute function policy_version_refuse_change();

create trigger policy_change_append_only before update or delete on policy_change
  for each row execute function policy_version_refuse_change();

-- What applies already is the first act.
insert into policy_act (number, at, by, kind, set_hash, replaced, note)
  select 1, coalesce(max(applied_at), now()), 'server', 'apply',
    encode(sha256(convert_to(
      coalesce(string_agg(name || ' ' || hash || E'\n', '' order by name), ''), 'UTF8')), 'hex'),
    encode(sha256(''), 'hex'), 'what applied before acts were kept'
  from policy;

insert into policy_change (act, name, hash) select 1, name, hash from policy;
