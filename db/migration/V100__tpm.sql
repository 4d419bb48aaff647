-- Whose endorsement key certificates are trusted. The anchors are PEM, read whole.
create table tpm_root (
  name text primary key,
  anchors text not null,
  applied_at timestamptz not null
);

-- Secrets that were sealed for a TPM; short-lived, answered once.
create table attestation_key_offer (
  id uuid primary key,
  device uuid not null,
  ek_digest bytea not null check (octet_length(ek_digest) = 32),
  ak_key bytea not null,
  secret_digest bytea not null check (octet_length(secret_digest) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index attestation_key_offer_of_device on attestation_key_offer (device, created_at desc);
create index attestation_key_offer_by_expiry on attestation_key_offer (expires_at);

create table attestation_key (
  id uuid primary key,
  device uuid not null,
  thumbprint bytea not null unique check (octet_length(thumbprint) = 32),
  certificate bytea not null,
  ek_digest bytea not null check (octet_length(ek_digest) = 32),
  not_after timestamptz not null,
  activated_at timestamptz not null,
  -- TPMS_CLOCK_INFO of the furthest quote since; null until the first.
  clock bigint,
  reset_count integer,
  restart_count integer,
  clock_safe boolean,
  quoted_at timestamptz
);
create index attestation_key_of_device on attestation_key (device);
