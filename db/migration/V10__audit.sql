-- The log: facts, their leaf hashes, signed checkpoints, and the epochs of the single-writer jobs.

create table fact (
  id uuid primary key,
  at timestamptz not null,
  kind text not null,
  actor text not null,
  subject_type text not null,
  subject text not null,
  detail text not null,
  leaf bytea not null,
  position bigint constraint fact_position unique constraint fact_position_positive check (position > 0)
);

create index fact_unnumbered on fact (id) where position is null;
create index fact_subject on fact (subject, position);
create index fact_kind on fact (kind, position);

-- Written when a fact is sealed, so that a check can name the first fact that does not fit.
create table log_leaf (
  position bigint primary key,
  hash bytea not null constraint log_leaf_hash_length check (octet_length(hash) = 32)
);

-- The note is null between the commit of the size and its signature.
create table checkpoint (
  size bigint primary key constraint checkpoint_size_positive check (size > 0),
  root bytea not null constraint checkpoint_root_length check (octet_length(root) = 32),
  frontier bytea not null,
  at timestamptz not null,
  note text
);

create index checkpoint_unsigned on checkpoint (size) where note is null;

-- One row a job: whoever takes the job over raises the epoch; the mark is the highest number given out.
create table job_epoch (
  job text primary key,
  epoch bigint not null,
  holder text not null,
  mark bigint not null default 0
);

-- Defence in depth against slips. Whoever owns the tables can drop the triggers, so no check relies on them.
create function log_unchanging() returns trigger language plpgsql as $$
begin
  raise exception 'The log is never changed: % on % refused.', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation';
end
$$;

create trigger fact_kept before delete on fact for each row execute function log_unchanging();
create trigger fact_whole before truncate on fact for each statement execute function log_unchanging();
create trigger fact_unchanging before update on fact for each row
  when (old.position is not null or new.position is null
    or (new.id, new.at, new.kind, new.actor, new.subject_type, new.subject, new.detail, new.leaf)
      is distinct from (old.id, old.at, old.kind, old.actor, old.subject_type, old.subject, old.detail, old.leaf))
  execute function log_unchanging();

create trigger log_leaf_unchanging before update or delete on log_leaf for each row execute function log_unchanging();
create trigger log_leaf_whole before truncate on log_leaf for each statement execute function log_unchanging();

create trigger checkpoint_kept before delete on checkpoint for each row execute function log_unchanging();
create trigger checkpoint_whole before truncate on checkpoint for each statement execute function log_unchanging();
create trigger checkpoint_unchanging before update on checkpoint for each row
  when (old.note is not null or new.note is null
    or (new.size, new.root, new.frontier, new.at) is distinct from (old.size, old.root, old.frontier, old.at))
  execute function log_unchanging();
