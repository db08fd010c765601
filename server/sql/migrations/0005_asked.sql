-- One question to the cases: the filters of list, map and API. Inlined by the planner: a filter that is not asked (null)
-- folds away, so that each question is planned for itself. p_board: soon, returned, held (the other boards are spelled
-- out as states and flags by the caller); p_held: the cases with an act that waits.
create function is_asked(c cases, p_now timestamptz, p_soon timestamptz, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint,
    p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint,
    p_start timestamptz, p_until timestamptz, p_q text, p_west float8, p_south float8, p_east float8, p_north float8)
returns boolean language sql stable as $$
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
      and (p_q is null or c.number like p_q || '%' or c.external_id = p_q or c.title ilike '%' || p_q || '%')
      and (p_west is null or c.place && st_makeenvelope(p_west, p_south, p_east, p_north, 4326))
      and case p_board when 'soon' then c.next_due_at between p_now and p_soon when 'returned' then c.asked_return
          when 'held' then c.id = any (p_held) else true end
$$;

-- The two halves of the scope apart, so that a list can take the first rows of each in index order: a UNION ALL hides
-- from its branches in which order and how many rows are wanted.
create function asked_office(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint,
    p_now timestamptz, p_soon timestamptz, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint,
    p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint,
    p_start timestamptz, p_until timestamptz, p_q text, p_west float8, p_south float8, p_east float8, p_north float8)
returns setof cases language sql stable as $$
    select c.* from cases c where in_office(c, p_district, p_street, p_community, p_grids)
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
$$;
create function asked_others(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint,
    p_now timestamptz, p_soon timestamptz, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint,
    p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint,
    p_start timestamptz, p_until timestamptz, p_q text, p_west float8, p_south float8, p_east float8, p_north float8)
returns setof cases language sql stable as $$
    select c.* from cases c where c.handler_id = p_organisation and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
    union all
    select c.* from cases c where c.helper_id = p_organisation and c.handler_id is distinct from p_organisation
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
    union all
    select c.* from cases c where c.reporter_id = p_person and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and (p_organisation is null or (c.handler_id is distinct from p_organisation and c.helper_id is distinct from p_organisation))
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
$$;
create function asked_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint,
    p_now timestamptz, p_soon timestamptz, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint,
    p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint,
    p_start timestamptz, p_until timestamptz, p_q text, p_west float8, p_south float8, p_east float8, p_north float8)
returns setof cases language sql stable as $$
    select c.* from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
    where is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
$$;
grant execute on function is_asked, asked_office, asked_others, asked_cases to xunge_app;
