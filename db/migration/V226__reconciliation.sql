-- What an operator brings back of a log that a restored database lost, until it is whole and put in its place at once.
create table lost_fact (
  position bigint primary key constraint lost_fact_position check (position > 0),
  leaf bytea not null
);
create table lost_checkpoint (
  size bigint primary key constraint lost_checkpoint_size check (size > 0),
  note text not null
);

-- Which fact tells of an accepted loss: from there on the log signs under another name.
create table accepted_loss (
  loss smallint primary key,
  position bigint not null unique
);
