-- A private key is either here, sealed, or in a PKCS#11 token, by the token's label and the key's CKA_ID.
alter table signing_key alter column sealed_private_key drop not null;
alter table signing_key add column token_label text;
alter table signing_key add column token_key_id bytea;
alter table signing_key add constraint signing_key_kept_once check (
  (sealed_private_key is not null and token_label is null and token_key_id is null)
  or (sealed_private_key is null and token_label is not null and token_key_id is not null));
