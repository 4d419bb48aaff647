-- A holder that stands still keeps its session and its lock; what ends by itself is its lease. By the database's clock.
alter table job_epoch add column expires_at timestamptz not null default '-infinity';
