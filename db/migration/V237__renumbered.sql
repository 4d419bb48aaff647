-- How often numbers that facts had before they were sealed were taken back, to be given to what was lost: a node that ran
-- meanwhile has read facts under numbers that others have now.
alter table database_identity add column renumbered integer not null default 0;
