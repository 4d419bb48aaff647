-- Full tiles of the log's tree (C2SP tlog-tiles): 256 hashes and the root over them. What stands right of the last full
-- tile of a level follows from the leaf hashes, or from the roots of the level below.
create table log_tile (
  level smallint not null constraint log_tile_level check (level between 0 and 7),
  number bigint not null constraint log_tile_number check (number >= 0),
  root bytea not null constraint log_tile_root_length check (octet_length(root) = 32),
  hashes bytea not null constraint log_tile_hashes_length check (octet_length(hashes) = 8192),
  primary key (level, number)
);

-- Hashes do not compress; and a root is read without its tile.
alter table log_tile alter column hashes set storage external;

create trigger log_tile_unchanging before update or delete on log_tile for each row execute function log_unchanging();
create trigger log_tile_whole before truncate on log_tile for each statement execute function log_unchanging();

-- The tiles of what was sealed before there were any.
create function log_tile_root(hashes bytea) returns bytea language plpgsql immutable as $$
declare
  nodes bytea := hashes;
  above bytea;
begin
  while octet_length(nodes) > 32 loop
    above := '';
    for pair in 0 .. octet_length(nodes) / 64 - 1 loop
      above := above || sha256('\x01'::bytea || substring(nodes from pair * 64 + 1 for 64));
    end loop;
    nodes := above;
  end loop;
  return nodes;
end
$$;

insert into log_tile (level, number, root, hashes)
select 0, number, log_tile_root(hashes), hashes
from (
  select (position - 1) / 256 as number, string_agg(hash, ''::bytea order by position) as hashes
  from log_leaf where position <= (select coalesce(max(size), 0) from checkpoint)
  group by 1 having count(*) = 256) as tile;

do $$
begin
  for above in 1 .. 7 loop
    insert into log_tile (level, number, root, hashes)
    select above, number, log_tile_root(hashes), hashes
    from (
      select below.number / 256 as number, string_agg(below.root, ''::bytea order by below.number) as hashes
      from log_tile below where below.level = above - 1
      group by 1 having count(*) = 256) as tile;
    exit when not found;
  end loop;
end
$$;

drop function log_tile_root(bytea);
