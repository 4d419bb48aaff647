-- What witnesses signed over checkpoints (C2SP tlog-cosignature): a signature line each.
create table checkpoint_cosignature (
  size bigint not null references checkpoint (size),
  witness text not null,
  line text not null,
  at timestamptz not null,
  primary key (size, witness)
);

create trigger checkpoint_cosignature_unchanging before update or delete on checkpoint_cosignature
  for each row execute function log_unchanging();
create trigger checkpoint_cosignature_whole before truncate on checkpoint_cosignature
  for each statement execute function log_unchanging();

-- How far each place that keeps checkpoints has them; moved on under the epoch check of the job that delivers there.
create table checkpoint_delivery (
  place text primary key,
  size bigint not null,
  at timestamptz,
  -- Of a file: its length, and the digest of all of it.
  octets bigint not null default 0,
  digest bytea,
  -- Why nothing can be delivered, in a sentence, and since when.
  complaint text,
  failing_since timestamptz
);
