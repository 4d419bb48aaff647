-- What the lists are made from, apart from the wide rows of certificates: reading a shard costs what stands in it.
create table revocation (
  authority text not null references authority,
  crl_shard integer not null,
  -- The content octets of a DER INTEGER.
  serial bytea not null,
  revoked_at timestamptz not null,
  -- CRLReason (RFC 5280 §5.3.1); 8, removeFromCRL, after a hold was lifted.
  reason smallint not null,
  not_after timestamptz not null,
  -- The number of the first list that carries it as it is, so that what no list carries yet is found without comparing times.
  listed_in bigint,
  primary key (authority, crl_shard, serial)
);
create index revocation_unlisted on revocation (authority, crl_shard) where listed_in is null;
create index revocation_listed on revocation (authority, crl_shard, listed_in);

create function serial_octets(serial text) returns bytea language sql immutable strict as $$
  select decode(case
    when length(serial) % 2 = 1 then '0' || serial
    when serial >= '8' then '00' || serial
    else serial end, 'hex') $$;

create function crl_reason(reason text) returns smallint language sql immutable strict as $$
  select case reason
    when 'UNSPECIFIED' then 0 when 'KEY_COMPROMISE' then 1 when 'CA_COMPROMISE' then 2
    when 'AFFILIATION_CHANGED' then 3 when 'SUPERSEDED' then 4 when 'CESSATION_OF_OPERATION' then 5
    when 'CERTIFICATE_HOLD' then 6 when 'PRIVILEGE_WITHDRAWN' then 9 when 'AA_COMPROMISE' then 10 end::smallint $$;

-- Whoever revokes, holds or releases: the row that the lists are made from commits with it.
create function note_revocation() returns trigger language plpgsql as $$
begin
  if new.state = 'REVOKED' then
    insert into revocation (authority, crl_shard, serial, revoked_at, reason, not_after)
    values (new.authority, new.crl_shard, serial_octets(new.serial), new.revoked_at,
      crl_reason(new.revocation_reason), new.not_after)
    on conflict (authority, crl_shard, serial) do update
      set revoked_at = excluded.revoked_at, reason = excluded.reason, listed_in = null;
  else
    update revocation set reason = 8, listed_in = null
    where authority = new.authority and crl_shard = new.crl_shard and serial = serial_octets(new.serial);
  end if;
  return null;
end $$;
create trigger credential_made_revoked after insert on credential for each row
  when (new.state = 'REVOKED') execute function note_revocation();
create trigger credential_revocation after update on credential for each row
  when ((old.state = 'REVOKED' or new.state = 'REVOKED')
    and (old.state, old.revoked_at, old.revocation_reason)
      is distinct from (new.state, new.revoked_at, new.revocation_reason))
  execute function note_revocation();

insert into revocation (authority, crl_shard, serial, revoked_at, reason, not_after, listed_in)
  select authority, crl_shard, serial_octets(serial), revoked_at, crl_reason(revocation_reason), not_after, listed_in
  from credential where state = 'REVOKED';
drop index credential_unlisted;
drop index credential_revoked;
alter table credential drop column listed_in;

-- The lists that there are; none ever leaves.
create table crl_shard (
  authority text not null references authority,
  shard integer not null,
  -- The highest number given out for it; higher than what is published when a holder of the job was cut off.
  drafted bigint not null default 0,
  primary key (authority, shard)
);
insert into crl_shard (authority, shard, drafted) select authority, shard, number from crl;

-- The thisUpdate of the list before: two lists of one second cannot be told apart by Last-Modified.
alter table crl add column follows timestamptz;
-- Signed octets do not shrink.
alter table crl alter column crl set storage external;

create table crl_delta (
  authority text not null,
  shard integer not null,
  number bigint not null,
  base_number bigint not null,
  entries integer not null,
  this_update timestamptz not null,
  next_update timestamptz not null,
  follows timestamptz,
  crl bytea not null,
  primary key (authority, shard),
  foreign key (authority, shard) references crl_shard
);
alter table crl_delta alter column crl set storage external;

-- A list's distribution point names every address that certificates carry, also after the address was changed.
create table status_url (
  url text primary key,
  used_since timestamptz not null default clock_timestamp()
);
