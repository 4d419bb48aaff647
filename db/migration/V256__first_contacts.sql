-- What becomes of a unit that shows a manufacturer's IDevID and is not registered.
create table contact_policy (
  manufacturer text primary key,
  listed text not null constraint contact_policy_listed check (listed in ('REJECT', 'HOLD', 'ADMIT')),
  unlisted text not null constraint contact_policy_unlisted check (unlisted in ('REJECT', 'HOLD', 'ADMIT')),
  model text,
  profile text,
  owner text,
  site text
);

-- Serial numbers that somebody expects, singly or by pattern.
create table allowed_unit (
  manufacturer text not null,
  serial_number text not null,
  pattern boolean not null,
  primary key (manufacturer, serial_number)
);
create index allowed_unit_pattern on allowed_unit (manufacturer) where pattern;

-- Units that wait for somebody to register them.
create table first_contact (
  id uuid primary key,
  manufacturer text not null,
  serial_number text not null,
  -- Thumbprint of the certificate that it showed first.
  idevid bytea not null,
  remote text not null,
  site text,
  state text not null constraint first_contact_state check (state in ('PENDING', 'APPROVED', 'REJECTED')),
  asked_at timestamptz not null,
  expires_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  reason text,
  device uuid,
  unique (manufacturer, serial_number)
);
create index first_contact_state on first_contact (state, id);
create index first_contact_pending on first_contact (manufacturer) where state = 'PENDING';
