-- Numbers of lists that were given out by authorities which this database does not know (any more): made after the backup that
-- it was restored from. One that is founded under such a name goes on behind them.
create table crl_floor (
  authority text primary key,
  number bigint not null
);

create function crl_number_forward() returns trigger language plpgsql as $$
begin
  new.crl_number := greatest(new.crl_number, case when tg_op = 'UPDATE' then old.crl_number end,
    (select number from crl_floor where authority = new.name));
  return new;
end
$$;

create trigger authority_list_forward before insert or update on authority
  for each row execute function crl_number_forward();
