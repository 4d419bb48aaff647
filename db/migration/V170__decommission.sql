-- One run a device: it is decommissioned once. Every step keeps who confirmed it and when.
create table decommission_run (
  device uuid primary key,
  reason text not null,
  note text not null,
  started_by text not null,
  started_at timestamptz not null,
  wipe_state text not null,
  wipe_deadline timestamptz,
  wipe_at timestamptz,
  wipe_by text,
  wipe_detail text not null,
  committed_at timestamptz,
  finished_at timestamptz,
  finish_detail text
);
create index decommission_run_open on decommission_run (started_at) where finished_at is null;
