-- How far the job that verifies stored certificates again has come. One row.
create table certificate_check (
  one boolean primary key default true constraint certificate_check_one check (one),
  -- Certificates up to this id were looked at in the round under way.
  cursor uuid not null,
  looked_at bigint not null default 0,
  rounds bigint not null default 0,
  -- When the round under way began, and when the last whole one ended.
  began_at timestamptz not null,
  ended_at timestamptz
);

-- What was found. A row is closed when a later look finds the certificate in order; none is deleted.
create table certificate_finding (
  credential uuid primary key,
  authority text not null,
  serial text not null,
  finding text not null,
  found_at timestamptz not null,
  closed_at timestamptz
);
create index certificate_finding_open on certificate_finding (found_at) where closed_at is null;
