-- What people call a device; none: by its serial number.
alter table device add column name text;
