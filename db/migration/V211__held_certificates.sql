-- Few at any time: asked for every key that is to be certified.
create index credential_held on credential (key_digest)
  where state = 'REVOKED' and revocation_reason = 'CERTIFICATE_HOLD';
