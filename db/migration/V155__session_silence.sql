-- A session of which nothing is heard for too long is over; how long that is depends on what the point promised.

alter table access_session add column expected_by timestamptz not null default now() + interval '1 hour';
alter table access_session alter column expected_by drop default;
drop index access_session_silent;
create index access_session_silent on access_session (expected_by) where ended_at is null;
