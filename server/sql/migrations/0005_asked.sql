-- One question to the cases: the filters of list, map and API, over what the viewer may see. Inlined by the planner:
-- a filter that is not asked (null) folds away, so that each question is planned for itself.
-- p_board: soon, returned, held (the other boards are spelled out as states and flags by the caller).
create function asked_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint,
    p_now timestamptz, p_soon timestamptz, p_board text, p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint,
    p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_crew text,
    p_start timestamptz, p_until timestamptz, p_q text, p_west float8, p_south float8, p_east float8, p_north float8)
returns setof cases language sql stable as $$
    select c.* from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
    where (p_states is null or c.state = any (p_states))
      and (p_in_street is null or c.street_id = p_in_street)
      and (p_in_community is null or c.community_id = p_in_community)
      and (p_in_grid is null or c.grid_id = p_in_grid)
      and (p_outside is null or (c.street_id is null) = p_outside)
      and (p_category_code is null or (c.category_system = p_category_system and c.category_code = p_category_code))
      and (p_overdue is null or coalesce(c.due_at < coalesce(c.closed_at, p_now), false) = p_overdue)
      and (p_source is null or c.source = p_source)
      and (p_crew is null or c.handler_id in (select o.id from organisations o where o.code = p_crew))
      and (p_start is null or c.reported_at >= p_start)
      and (p_until is null or c.reported_at < p_until)
      and (p_q is null or c.number like p_q || '%' or c.external_id = p_q or c.title ilike '%' || p_q || '%')
      and (p_west is null or c.place && st_makeenvelope(p_west, p_south, p_east, p_north, 4326))
      and case p_board when 'soon' then c.next_due_at between p_now and p_soon when 'returned' then c.asked_return
          when 'held' then c.id in (select h.case_id from holds h where h.decided_at is null) else true end
$$;
grant execute on function asked_cases to xunge_app;
