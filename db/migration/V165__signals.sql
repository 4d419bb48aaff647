-- What others say of a device, for a while.
create table signal (
  id uuid primary key,
  device uuid not null,
  source text not null,
  kind text not null,
  severity text not null check (severity in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  claim text not null,
  reason text not null,
  received_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz
);
create index signal_device on signal (device, received_at desc);
create index signal_active on signal (expires_at) where ended_at is null;
create index signal_active_device on signal (device) where ended_at is null;
