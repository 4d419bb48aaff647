-- Where revocation lists under an anchor are fetched from.
create table manufacturer_list_source (
  anchor text not null references trust_anchor on delete cascade,
  url text not null,
  next_at timestamptz not null,
  fetched_at timestamptz,
  -- Why the last attempt came to nothing; null after one that did not.
  failure text,
  failures integer not null default 0,
  primary key (anchor, url)
);
create index manufacturer_list_source_next on manufacturer_list_source (next_at);
