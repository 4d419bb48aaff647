-- Every text that was ever applied under a name. Append-only: what a decision named by hash can always be read again.
create table policy_version (
  name text collate "C" not null,
  hash text not null,
  document text not null,
  first_applied_at timestamptz not null,
  first_applied_by text not null,
  primary key (name, hash)
);

create function policy_version_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'policy_version is append-only';
end
$$;

create trigger policy_version_append_only before update or delete on policy_version
  for each row execute function policy_version_refuse_change();

-- What applies now.
create table policy (
  name text collate "C" primary key,
  hash text not null,
  applied_at timestamptz not null,
  foreign key (name, hash) references policy_version (name, hash)
);
