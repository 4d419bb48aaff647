-- Until when a device may renew by a certificate that has expired. One per device; the newest counts.
create table renewal_waiver (
  device uuid primary key references device,
  until timestamptz not null,
  allowed_at timestamptz not null,
  reason text not null
);
