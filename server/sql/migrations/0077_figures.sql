-- A figure opens to its cases on every line, and counts nothing that was not there yet.

-- As of a moment a cycle that was opened later does not exist: a period that reaches beyond that moment would count it as
-- one that nobody closed. The index of what is due says it too, so that still no row is visited.
drop index cycles_due_idx;
create index cycles_due_idx on cycles (district_id, due_at) include (street_id, community_id, grid_id, handler_id, holder_id, opened_at,
    ended_at, ended_as, on_time, self_handled, suspended, excused, reworks, extensions, case_id, n);      -- rates, basis=due

create or replace function counted_cycles(p_district bigint, p_basis text, p_from timestamptz, p_to timestamptz,
    p_as_of timestamptz, p_counted text default 'all')
returns setof cycles language sql stable as $$
    select c.* from cycles c
    where c.district_id = p_district
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at
          when 'reply_due' then c.reply_due_at end >= coalesce(p_from, '-infinity')
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at
          when 'reply_due' then c.reply_due_at end < coalesce(p_to, 'infinity')
      and c.opened_at <= p_as_of
      and cycle_is(c, p_counted, p_as_of)
$$;

-- p_outside: lies in no node of this level (1 = outside every grid); a report may name a street or a community and no grid.
drop function counted_for(bigint, text, timestamptz, timestamptz, timestamptz, text, integer, bigint, boolean, text, text,
    bigint, boolean, bigint, boolean, bigint, bigint, bigint, bigint[], bigint, bigint);
create function counted_for(p_home bigint, p_basis text, p_from timestamptz, p_to timestamptz, p_as_of timestamptz,
    p_counted text, p_level integer, p_node bigint, p_outside integer, p_system text, p_code text,
    p_handler bigint, p_undispatched boolean, p_responsible bigint, p_unexcused boolean,
    p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint)
returns setof cycles language sql stable as $$
    select k.* from counted_cycles(p_home, p_basis, p_from, p_to, p_as_of, p_counted) k
    where case p_level when 1 then k.street_id = p_node when 2 then k.community_id = p_node
          when 3 then k.grid_id = p_node else true end
      and case p_outside when 1 then k.street_id is null when 2 then k.community_id is null
          when 3 then k.grid_id is null else true end
      and (p_system is null or k.category_system = p_system)
      and (p_code is null or k.category_code = p_code)
      and (p_handler is null or k.handler_id = p_handler)
      and (not p_undispatched or k.handler_id is null)
      and (p_responsible is null or coalesce(k.handler_id, k.holder_id) = p_responsible)
      and (not p_unexcused or not k.excused)
      and case when p_district is not null then k.district_id = p_district
               when p_street is not null then k.street_id = p_street
               when p_community is not null then k.community_id = p_community
               when p_grids is not null then k.grid_id = any (p_grids)
               else k.handler_id = p_organisation end
      and (p_district is not null or k.case_id in (
          select id from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person)))
$$;
grant execute on function counted_for to xunge_app;

-- While its whole clock stands (a question is out, it is suspended) a case is not due, and does not become overdue.
update cases c set due_at = null from deadlines d
where (d.case_id, d.cycle) = (c.id, c.cycle) and d.kind = 'whole' and d.stopped_at is null and d.paused_at <= d.due_at
  and c.closed_at is null;
