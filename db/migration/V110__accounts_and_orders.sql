-- External account bindings: each lets one account be opened, for one device.
create table account_binding (
  id uuid primary key,
  device uuid not null references device,
  -- The MAC key, encrypted by the master key.
  sealed_key bytea not null,
  -- The host names that the device may be certified for, one a line.
  host_names text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index account_binding_device on account_binding (device);

create table enrollment_account (
  id uuid primary key,
  binding uuid not null unique references account_binding,
  device uuid not null references device,
  profile text not null,
  -- SubjectPublicKeyInfo, and the thumbprint of RFC 7638.
  key bytea not null,
  thumbprint text not null,
  -- One a line.
  contacts text not null,
  status text not null,
  created_at timestamptz not null,
  unique (profile, thumbprint)
);

create table certificate_order (
  id uuid primary key,
  account uuid not null references enrollment_account,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- Set once, in the transaction that records the serial: the request that this order is spent on (law 2).
  request bytea,
  request_digest text,
  claimed_at timestamptz,
  -- Thumbprint of what was issued.
  certificate bytea
);
create index certificate_order_account on certificate_order (account, id);

-- One for each identifier of an order, with the one challenge that its kind has.
create table order_authorization (
  id uuid primary key,
  certificate_order uuid not null references certificate_order,
  account uuid not null references enrollment_account,
  kind text not null,
  identifier text not null,
  token text not null,
  status text not null,
  expires_at timestamptz not null,
  attempted_at timestamptz,
  validated_at timestamptz,
  problem text,
  detail text,
  -- SHA-256 over the SubjectPublicKeyInfo of the key that was attested.
  attested_key bytea
);
create index order_authorization_order on order_authorization (certificate_order, id);

-- Nonces carry a MAC and their time, so only those that were used stand here, until they are too old anyway.
create table replay_nonce (
  nonce bytea primary key,
  expires_at timestamptz not null
);
create index replay_nonce_expiry on replay_nonce (expires_at);

-- The MAC key of the nonces, encrypted by the master key; one for all nodes.
create table replay_nonce_key (
  id integer primary key check (id = 1),
  sealed bytea not null
);
