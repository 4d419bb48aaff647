-- Both rows are written by one transaction and neither is ever deleted alone; the check cost as much as the row, and far
-- more where its plan dated from when there were few certificates.
alter table issuance_request drop constraint if exists issuance_request_credential_fkey;
