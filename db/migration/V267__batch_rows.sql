-- Rows that an operator gave up: their units broke, and others may take their place in what was ordered.
alter table batch_row add column given_up_at timestamptz;
alter table batch_count add column given_up integer not null default 0;

-- What rows were last refused, some hundred of a batch; those that have their certificate since are told apart by batch_row.
create table batch_refusal (
  batch uuid not null,
  row_key text not null,
  problem text not null,
  detail text not null,
  station text,
  at timestamptz not null,
  primary key (batch, row_key)
);
