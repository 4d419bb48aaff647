alter table authority
  -- What an operator asked for, so that a retry is the same authority and anything else is refused. Null for those of the first start.
  add column plan text,
  -- The PKCS #10 request, when whoever certifies it keeps its key elsewhere.
  add column request bytea,
  -- From when on it signs nothing but status, and why: its own revocation, or that of an authority above it.
  add column distrusted_at timestamptz,
  add column distrust_reason text,
  add column distrusted_with text references authority;
