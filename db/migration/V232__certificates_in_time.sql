-- Certificates in partitions by the year in which they end, which are dropped whole. What is left of the row is narrow, in no
-- partition and never dropped: the serial number, its key and how it stands. What was recorded to be signed stands there until
-- it is, and beside the certificate from then on.
create table certificate_body (
  credential uuid not null,
  -- The day of its notAfter, in UTC.
  ends_on date not null,
  tbs bytea not null,
  certificate bytea not null,
  primary key (credential, ends_on)
) partition by range (ends_on);

-- One for what ended before, a year each for twenty years, and one for what ends later, which is kept as long as there is
-- anything in it.
do $$
declare
  first date := (select least(date_trunc('year', min(not_after at time zone 'UTC')),
    date_trunc('year', clock_timestamp() at time zone 'UTC'))::date from credential);
  last date := (date_trunc('year', clock_timestamp() at time zone 'UTC') + interval '20 years')::date;
begin
  perform add_time_partition('certificate_body', '-infinity', first);
  for year in 0 .. (extract(year from last) - extract(year from first))::integer - 1 loop
    perform add_time_partition('certificate_body', (first + year * interval '1 year')::date,
      (first + (year + 1) * interval '1 year')::date);
  end loop;
  perform add_time_partition('certificate_body', last, 'infinity');
end
$$;

insert into certificate_body (credential, ends_on, tbs, certificate)
  select id, (not_after at time zone 'UTC')::date, tbs_certificate, certificate
  from credential where certificate is not null;

alter table credential drop column certificate;
alter table credential alter column tbs_certificate drop not null;
