-- Secrets that devices have from before, sealed: keys that the server makes for them are encrypted by these.
create table decryption_key (
  device uuid not null references device,
  identifier bytea not null,
  sealed bytea not null,
  added_at timestamptz not null,
  added_by text not null,
  primary key (device, identifier)
);
