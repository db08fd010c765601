-- The map counts what is closed from sums: closed cases are nearly all cases, and they stay as they are.

-- What entered or left the closed cases of a place since the sums were made. Only appended to by acts, so nobody waits for
-- anybody: 1 in, -1 out. A case without a place, or nearer to a pole than a map shows, has no row.
create table closed_moves (
    district_id  bigint not null,
    street_id    bigint not null,
    community_id bigint not null,
    grid_id      bigint not null,
    state        text not null,
    late         boolean not null,
    category     text not null,
    source       text not null,
    handler_id   bigint,
    cx           integer not null,
    cy           integer not null,
    n            integer not null,
    lon_e7       bigint not null,
    lat_e7       bigint not null,
    high         bigint not null,
    low          bigint not null
);
comment on table closed_moves is 'street_id, community_id, grid_id: 0 where there is none. cx, cy: cell of 2^17 by 2^17 in web mercator.';
comment on column closed_moves.high is 'With low the two halves of the case''s id: their XOR over a cell in which one case is left is that case.';

-- The sums, once for all cases (facet '') and once for each word that a list is narrowed by (c: category, s: source,
-- h: handler), as in case_words. As large as the district, not as its years.
create table closed_cells (
    district_id  bigint not null,
    facet        text not null,
    cx           integer not null,
    cy           integer not null,
    grid_id      bigint not null,
    community_id bigint not null,
    street_id    bigint not null,
    state        text not null,
    late         boolean not null,
    n            bigint not null,
    lon_e7       bigint not null,
    lat_e7       bigint not null,
    high         bigint not null,
    low          bigint not null,
    constraint closed_cells_pkey primary key (district_id, facet, cx, cy, grid_id, community_id, street_id, state, late)
);

-- The column and the row of a case's cell, from whole 1e-7 degrees (EPSG:4326): 2^17 by 2^17 in web mercator. A cell of a
-- tile at zoom z, 8 by 8, is the same shifted right by 14 - z, for multiplying by two is exact.
create function cell_x(p_lon_e7 integer) returns integer language sql immutable parallel safe as $$
    select floor((p_lon_e7 / 3600000000.0::float8 + 0.5) * 131072)::integer
$$;
create function cell_y(p_lat_e7 integer) returns integer language sql immutable parallel safe as $$
    select floor((0.5 - ln(tan(pi() / 4 + radians(p_lat_e7 / 1e7::float8) / 2)) / (2 * pi())) * 131072)::integer
$$;

-- What a case counts for among the closed ones: one row or none.
create function closed_move(c cases, p_n integer) returns setof closed_moves language sql immutable as $$
    select c.district_id, coalesce(c.street_id, 0), coalesce(c.community_id, 0), coalesce(c.grid_id, 0), c.state,
           coalesce(c.due_at < c.closed_at, false), c.category_system || '/' || c.category_code, c.source, c.handler_id,
           cell_x(c.lon_e7), cell_y(c.lat_e7), p_n, p_n * c.lon_e7::bigint, p_n * c.lat_e7::bigint,
           ('x' || substr(i.hex, 1, 16))::bit(64)::bigint, ('x' || substr(i.hex, 17))::bit(64)::bigint
    from (select replace(c.id::text, '-', '') as hex) i
    where c.closed_at is not null and abs(c.lat_e7) < 850000000
$$;

create function move_closed() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        insert into closed_moves select * from closed_move(old, -1);
    end if;
    insert into closed_moves select * from closed_move(new, 1);
    return null;
end $$;
create trigger cases_closed_new after insert on cases for each row when (new.closed_at is not null)
    execute function move_closed();
create trigger cases_closed_changed after update on cases for each row
    -- Of an open case nothing is compared but that it still is one.
    when ((old.closed_at is not null or new.closed_at is not null)
          and (old.closed_at is distinct from new.closed_at or old.state is distinct from new.state
               or old.due_at is distinct from new.due_at or old.handler_id is distinct from new.handler_id
               or old.category_system is distinct from new.category_system or old.category_code is distinct from new.category_code
               or old.source is distinct from new.source or old.district_id is distinct from new.district_id
               or old.street_id is distinct from new.street_id or old.community_id is distinct from new.community_id
               or old.grid_id is distinct from new.grid_id or old.lon_e7 is distinct from new.lon_e7
               or old.lat_e7 is distinct from new.lat_e7))
    execute function move_closed();

-- Adds at most so many moves to the sums (null: all); how many. Moves of acts that are not committed yet stay for the next time.
create function sum_closed(p_most integer) returns integer language sql as $$
    with gone as (
        delete from closed_moves where ctid = any (array(select m.ctid from closed_moves m limit p_most for update skip locked))
        returning *
    ), added as (
        insert into closed_cells as k (district_id, facet, cx, cy, grid_id, community_id, street_id, state, late, n, lon_e7, lat_e7, high, low)
        select g.district_id, f.facet, g.cx, g.cy, g.grid_id, g.community_id, g.street_id, g.state, g.late,
               sum(g.n), sum(g.lon_e7), sum(g.lat_e7), bit_xor(g.high), bit_xor(g.low)
        from gone g
        cross join lateral unnest(array['', 'c:' || g.category, 's:' || g.source, 'h:' || g.handler_id]) f (facet)
        where f.facet is not null
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9
        order by 1, 2, 3, 4, 5, 6, 7, 8, 9
        on conflict on constraint closed_cells_pkey do update set n = k.n + excluded.n, lon_e7 = k.lon_e7 + excluded.lon_e7,
            lat_e7 = k.lat_e7 + excluded.lat_e7, high = k.high # excluded.high, low = k.low # excluded.low
    )
    select count(*)::integer from gone
$$;

insert into closed_moves select m.* from cases c cross join lateral closed_move(c, 1) m;
select sum_closed(null);
-- The pages of a million rows that came and went would be read by every tile until somebody vacuums.
truncate closed_moves;
analyze closed_cells;

grant select, insert, update, delete on closed_moves, closed_cells to xunge_app;
grant execute on function cell_x, cell_y, closed_move, sum_closed to xunge_app;
