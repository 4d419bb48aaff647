-- From where a node saw a certificate last, for other nodes to read: written when a node sees one for the first time or from
-- another address, and only while there are several nodes. Not logged: after a crash the nodes begin anew.
create unlogged table certificate_place (
  certificate text not null,
  node uuid not null,
  device uuid not null,
  place text not null,
  seen_at timestamptz not null,
  written_at timestamptz not null,
  primary key (certificate, node)
);
create index certificate_place_written on certificate_place (written_at);
