-- The index over all grants of a device, by their end, finds the open ones as fast: almost none of those that have not ended
-- is withdrawn. One index less to write for each grant.
drop index network_grant_open_device;
