-- A cluster of the map opens as the list of its cases: a cell has edges, and a list within edges has exactly what lies in it.

-- The westernmost longitude (1e-7 degrees) of cell p_cx, by the very function that counts: what is one step farther west
-- lies in the cell before.
create function cell_west(p_cx integer) returns integer language sql immutable parallel safe as $$
    select min(e)::integer
    from (select ceil((p_cx / 131072.0::float8 - 0.5) * 3600000000)::bigint as near) g,
         generate_series(greatest(g.near - 3, -1800000000), least(g.near + 3, 1800000003)) e
    where cell_x(e::integer) >= p_cx
$$;
-- The northernmost latitude (1e-7 degrees) of cell p_cy, in the same way.
create function cell_north(p_cy integer) returns integer language sql immutable parallel safe as $$
    select max(e)::integer
    from (select floor(degrees(atan(sinh(pi() * (1 - p_cy / 65536.0::float8)))) * 10000000)::bigint as near) g,
         generate_series(g.near - 3, g.near + 3) e
    where cell_y(e::integer) >= p_cy
$$;
grant execute on function cell_west, cell_north to xunge_app;

-- A box is exact: the operator of the index alone compares in single precision, which is a metre in our longitudes.
create or replace function is_asked(c cases, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select (p_states is null or c.state = any (p_states))
      and (p_in_street is null or c.street_id = p_in_street)
      and (p_in_community is null or c.community_id = p_in_community)
      and (p_in_grid is null or c.grid_id = p_in_grid)
      and (p_outside is null or (c.street_id is null) = p_outside)
      and (p_category_code is null or (c.category_system = p_category_system and c.category_code = p_category_code))
      and (p_overdue is null or coalesce(c.due_at < coalesce(c.closed_at, p_now), false) = p_overdue)
      and (p_source is null or c.source = p_source)
      and (p_handler is null or c.handler_id = p_handler)
      and (p_start is null or c.reported_at >= p_start)
      and (p_until is null or c.reported_at < p_until)
      and (p_held is null or c.id = any (p_held))
      and (p_west is null or (c.place && st_makeenvelope(p_west, p_south, p_east, p_north, 4326)
        and st_x(c.place) between p_west and p_east and st_y(c.place) between p_south and p_north))
      and case p_board when 'soon' then c.next_due_at between p_now and p_soon when 'returned' then c.flags && '{return_asked,extension_asked,suspension_asked,appeal_open}' else true end
$$;
