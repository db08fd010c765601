-- Figures: which cycles a rate counts. The report and the list behind it call the same function, so that a number
-- and its cases cannot differ. All three functions are inlined by the planner: with constants given, every `case`
-- and every "p is null or" folds away and what is left is one range of one index.

-- Whether a cycle belongs to a counted set, as of a moment. The names of the sets are the values of `counted=`.
create function cycle_is(c cycles, p_counted text, p_as_of timestamptz) returns boolean language sql immutable as $$
    select case p_counted
        -- what has to be closed: neither mended on the spot nor left out as declined, merged or cancelled
        when 'all' then not c.self_handled
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'closed' then not c.self_handled
            and c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        when 'on_time' then not c.self_handled and c.on_time
            and c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        when 'overdue' then not c.self_handled and case
            when c.ended_at is null or c.ended_at > p_as_of then c.due_at < p_as_of
            else c.ended_as in ('fixed', 'gone', 'explained', 'recorded') and c.on_time is false end
        when 'overdue_open' then not c.self_handled
            and (c.ended_at is null or c.ended_at > p_as_of) and c.due_at < p_as_of
        when 'rework' then not c.self_handled and c.reworks > 0
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        -- what came in, declined ones among it
        when 'received' then c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled')
        when 'valid' then (c.self_handled or c.registered_at <= p_as_of)
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled'))
        when 'reported' then not c.self_handled
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled'))
        when 'registered' then not c.self_handled and c.registered_at <= p_as_of
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled'))
        when 'mended' then c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        when 'self_handled' then c.self_handled
            and c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        -- what crews and dispatchers are judged by
        when 'dispatched' then not c.self_handled and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0)
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'right_dispatch' then not c.self_handled and c.dispatched_at <= p_as_of and c.wrong_dispatches = 0
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'evasion' then not c.self_handled and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0)
            and c.evasions > 0
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'handled' then not c.self_handled and c.handled_at <= p_as_of
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'handled_on_time' then not c.self_handled and c.handled_at <= least(p_as_of, c.handle_due_at)
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        else false end
$$;

-- The cycles of a district that a figure counts: those of the set `p_counted` whose deadline (`due`), handling
-- deadline (`handle_due`) or opening (`reported`) lies in [p_from, p_to); a missing bound is open.
create function counted_cycles(p_district bigint, p_basis text, p_from timestamptz, p_to timestamptz,
    p_as_of timestamptz, p_counted text default 'all')
returns setof cycles language sql stable as $$
    select c.* from cycles c
    where c.district_id = p_district
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at end
          >= coalesce(p_from, '-infinity')
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at end
          < coalesce(p_to, 'infinity')
      and cycle_is(c, p_counted, p_as_of)
$$;

-- The same for one viewer and one row of a report: exactly the cycles that both the number and its list stand for.
-- p_level, p_node: a subtree (level 0 = the whole district); p_outside: outside every grid; p_system, p_code: a
-- category; p_handler: a crew; p_undispatched: given to no crew. Then the viewer's scope as visible_cases takes it:
-- whoever has no office counts what he handles, and nobody counts a case that he may not see.
create function counted_for(p_home bigint, p_basis text, p_from timestamptz, p_to timestamptz, p_as_of timestamptz,
    p_counted text, p_level integer, p_node bigint, p_outside boolean, p_system text, p_code text,
    p_handler bigint, p_undispatched boolean,
    p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint)
returns setof cycles language sql stable as $$
    select k.* from counted_cycles(p_home, p_basis, p_from, p_to, p_as_of, p_counted) k
    where case p_level when 1 then k.street_id = p_node when 2 then k.community_id = p_node
          when 3 then k.grid_id = p_node else true end
      and (not p_outside or k.street_id is null)
      and (p_code is null or (k.category_system = p_system and k.category_code = p_code))
      and (p_handler is null or k.handler_id = p_handler)
      and (not p_undispatched or k.handler_id is null)
      and case when p_district is not null then k.district_id = p_district
               when p_street is not null then k.street_id = p_street
               when p_community is not null then k.community_id = p_community
               when p_grids is not null then k.grid_id = any (p_grids)
               else k.handler_id = p_organisation end
      and (p_district is not null or k.case_id in (
          select id from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person)))
$$;

create index cycles_handle_due_idx on cycles (district_id, handle_due_at) where handle_due_at is not null;  -- rates that judge crews

grant execute on function cycle_is, counted_cycles, counted_for to xunge_app;
