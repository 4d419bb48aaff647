-- Vouchers (RFC 8366): what each says is written before it is signed.
create table voucher (
  id uuid primary key,
  device uuid not null references device,
  serial_number text not null,
  -- The owner that it was issued to.
  owner text not null,
  assertion text not null constraint voucher_assertion check (assertion in ('VERIFIED', 'LOGGED', 'PROXIMITY')),
  -- The pinned certificate.
  domain bytea not null,
  nonce bytea,
  created_on timestamptz not null,
  expires_on timestamptz,
  -- The JSON that is signed, and its SHA-256.
  content bytea not null,
  content_sha256 bytea not null unique,
  -- CMS; null until it has been signed.
  signed bytea,
  issued_by text not null
);
create index voucher_device on voucher (device, id);

-- What is answered once: SHA-256 of a unit's nonce, or of a signed request.
create table voucher_use (
  digest bytea primary key,
  used_at timestamptz not null
);
