-- From when a key signs grants, and until when what it signed counts. A key without a row has signed since it was made, and
-- counts until its successor has signed for longer than any grant lives.
create table grant_key (
  key          uuid        primary key,
  signs_from   timestamptz not null,
  counts_until timestamptz
);
