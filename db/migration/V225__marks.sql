-- What this database is, for the marks that are kept outside of it.
create table database_identity (
  one boolean primary key default true constraint database_identity_one check (one),
  id uuid not null default gen_random_uuid(),
  -- How often a loss was accepted: part of the log's name and of serial numbers from then on.
  losses smallint not null default 0 constraint database_identity_losses check (losses between 0 and 255),
  -- Since when marks are kept for it.
  marked_at timestamptz
);
insert into database_identity default values;

-- Who found this database behind its marks. While there is a row, no job is taken and no node serves.
create table behind_marks (
  keeper uuid primary key,
  found_at timestamptz not null default clock_timestamp(),
  sentence text not null,
  -- The marks, as they stand in the keeper's file.
  mark text not null
);
