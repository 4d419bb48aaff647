-- The server processes on this database, one row a prefix. Who is alive is told by locks, not by these rows.
create table node (
  prefix integer primary key constraint node_prefix check (prefix between 1 and 127),
  life uuid not null,
  name text not null,
  started_at timestamptz not null
);

-- Which process prepared a serial: what a dead one left is closed at once, what a live one is finishing is left to it.
alter table credential add column prepared_by uuid;
