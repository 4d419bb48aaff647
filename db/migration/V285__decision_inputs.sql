-- What a decision is found by, and what it was computed from. Lines of before have neither: they are found by device and
-- time alone, and cannot be replayed.
alter table decision
  -- permit, deny, indeterminate or not-evaluated
  add column effect   text,
  -- What the first reason is about: "policy NAME", "state", "credential", "stale"; set in every line from now on.
  add column cause    text,
  add column rule     text,
  -- In lower case; null when it was asked what is permitted at all, and for what is no name or address.
  add column peer     text,
  add column protocol text,
  add column port     integer,
  -- Null when the policies were not asked.
  add column inputs   bytea;

-- Newest first, page by page; the BRIN index that was here knows no order.
drop index decision_at;
create index decision_at on decision (at, id);
create index decision_peer on decision (peer, at) where peer is not null;
create index decision_cause on decision (cause, at) where cause is not null;

-- The device as the policies saw it: subject, posture and signals, once for each that differs and each partition, by its
-- hash, which the digests over the lines cover. Dropped by the term of the decisions.
create table decision_inputs (
  hash   bytea       not null check (octet_length(hash) = 32),
  at     timestamptz not null,
  body   text        not null,
  -- The day with which its partition begins; asked once a batch, with open_partition.
  period date        not null,
  primary key (hash, period)
) partition by range (period);

create index decision_inputs_at on decision_inputs using brin (at);

do $$
declare
  month date := date_trunc('month', clock_timestamp() at time zone 'UTC')::date;
begin
  for ahead in 0 .. 2 loop
    perform add_time_partition('decision_inputs', (month + ahead * interval '1 month')::date,
      (month + (ahead + 1) * interval '1 month')::date);
  end loop;
end
$$;
