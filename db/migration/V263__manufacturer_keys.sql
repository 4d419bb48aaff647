-- Which manufacturer keys a hardware unit showed: a second one is a sign of a clone.
create index key_digest_idevid on key_digest (hardware_unit) where kind = 'idevid';
