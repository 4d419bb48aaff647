-- The certificates that end soonest, whatever number there is.
create index credential_ending on credential (not_after) where state = 'ISSUED' and superseded_at is null;
