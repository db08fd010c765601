-- Indicators: every counted set that a rate of the field needs, by place or by who is responsible.

-- Who is responsible for a cycle is its handler; where nobody handles it, the office that holds it.
alter table cycles add column holder_id bigint;
update cycles y set holder_id = c.holder_id from cases c where c.id = y.case_id;
alter table cycles alter column holder_id set not null;
comment on column cycles.holder_id is 'The office that holds the case, as last written under this cycle: responsible where nobody handles.';

-- All that the rates of what has to be closed ask for, so that a month is one range of an index and no row is visited.
drop index cycles_due_idx, cycles_opened_idx;
create index cycles_due_idx on cycles (district_id, due_at) include (street_id, community_id, grid_id, handler_id, holder_id, ended_at,
    ended_as, on_time, self_handled, suspended, excused, reworks, extensions, case_id, n);              -- rates, basis=due
create index cycles_opened_idx on cycles (district_id, opened_at) include (street_id, community_id, grid_id, handler_id, holder_id, ended_at,
    ended_as, due_at, on_time, self_handled, suspended, excused, reworks, extensions, case_id, n);      -- rates, basis=reported
create index cycles_reply_due_idx on cycles (district_id, reply_due_at) where reply_due_at is not null; -- reply rate
create index cycles_heard_idx on cycles (district_id, opened_at) where callback is not null or rating is not null; -- satisfaction

-- Whether a cycle was still open, or closed, as of a moment. Declined, merged and cancelled are no closings.
create function cycle_open(c cycles, p_as_of timestamptz) returns boolean language sql immutable as $$
    select c.ended_at is null or c.ended_at > p_as_of
$$;
create function cycle_closed(c cycles, p_as_of timestamptz) returns boolean language sql immutable as $$
    select c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
$$;

-- Whether a cycle belongs to a counted set, as of a moment. The names of the sets are the values of `counted=` and of
-- server/reports/measures.py. With a constant name all but its own line folds away. Ends, registering, dispatching,
-- handling and replies later than p_as_of are not there yet; counters and the reporter's word have no time and stand as they are.
create or replace function cycle_is(c cycles, p_counted text, p_as_of timestamptz) returns boolean language sql immutable as $$
    select case
        -- What has to be closed: neither mended on the spot nor declined, merged or cancelled; suspended ones stand apart.
        when p_counted in ('owing', 'suspended', 'all', 'timed', 'closed', 'on_time', 'overdue', 'overdue_open', 'rework',
                'rework_closed', 'extended', 'handled', 'handled_on_time') then
            not c.self_handled and (cycle_open(c, p_as_of) or c.ended_as not in ('declined', 'merged', 'cancelled'))
            and case p_counted when 'owing' then true when 'suspended' then c.suspended else not c.suspended end
            and case p_counted
                when 'timed' then c.due_at is not null
                when 'closed' then cycle_closed(c, p_as_of)
                when 'on_time' then c.due_at is not null and c.on_time and cycle_closed(c, p_as_of)
                when 'overdue' then case when cycle_open(c, p_as_of) then c.due_at < p_as_of
                    else c.due_at is not null and c.on_time is false end
                when 'overdue_open' then cycle_open(c, p_as_of) and c.due_at < p_as_of
                when 'rework' then c.reworks > 0
                when 'rework_closed' then c.reworks > 0 and cycle_closed(c, p_as_of)
                when 'extended' then c.extensions > 0
                when 'handled' then c.handled_at <= p_as_of
                when 'handled_on_time' then c.handled_at <= least(p_as_of, c.handle_due_at)
                else true end
        -- What came in, declined ones among it, and what became of it.
        when p_counted in ('received', 'valid', 'reported', 'registered', 'dispatched', 'right_dispatch', 'evasion',
                'reached', 'satisfied', 'asked', 'solved') then
            (cycle_open(c, p_as_of) or c.ended_as not in ('merged', 'cancelled'))
            and case p_counted
                when 'valid' then c.self_handled or c.registered_at <= p_as_of
                when 'reported' then not c.self_handled
                when 'registered' then not c.self_handled and c.registered_at <= p_as_of
                when 'dispatched' then not c.self_handled and c.registered_at <= p_as_of
                    and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0)
                when 'right_dispatch' then not c.self_handled and c.registered_at <= p_as_of
                    and c.dispatched_at <= p_as_of and c.wrong_dispatches = 0
                when 'evasion' then not c.self_handled and c.registered_at <= p_as_of
                    and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0) and c.evasions > 0
                -- The reporter's word: the answer to a call, or where nobody reached him his own rating (4 or 5 of 5).
                when 'reached' then (c.callback is not null or c.rating is not null)
                    and (c.callback in ('satisfied', 'not_satisfied') or c.rating is not null)
                when 'satisfied' then (c.callback is not null or c.rating is not null)
                    and case when c.callback in ('satisfied', 'not_satisfied') then c.callback = 'satisfied' else c.rating >= 4 end
                when 'asked' then c.callback in ('satisfied', 'not_satisfied') and c.solved is not null
                when 'solved' then c.callback in ('satisfied', 'not_satisfied') and c.solved
                else true end
        -- What was mended on the spot, beside what the chain closed; and what a sample of it found.
        when p_counted in ('mended', 'self_handled', 'sampled', 'sampled_void') then
            cycle_closed(c, p_as_of)
            and case p_counted
                when 'self_handled' then c.self_handled
                when 'sampled' then c.self_handled and c.sampled is not null
                when 'sampled_void' then c.self_handled and c.sampled = 'void'
                else true end
        -- Replies: owed by a merged report too, for its reporter is owed the survivor's answer.
        when p_counted in ('owed', 'answered') then
            c.reply_due_at is not null and (cycle_open(c, p_as_of) or c.ended_as <> 'cancelled')
            and case p_counted when 'answered' then c.replied_at <= least(p_as_of, c.reply_due_at) else true end
        else false end
$$;

-- The cycles of a district that a figure counts: those of the set `p_counted` whose deadline (`due`), handling deadline
-- (`handle_due`), reply deadline (`reply_due`) or opening (`reported`) lies in [p_from, p_to); a missing bound is open.
create or replace function counted_cycles(p_district bigint, p_basis text, p_from timestamptz, p_to timestamptz,
    p_as_of timestamptz, p_counted text default 'all')
returns setof cycles language sql stable as $$
    select c.* from cycles c
    where c.district_id = p_district
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at
          when 'reply_due' then c.reply_due_at end >= coalesce(p_from, '-infinity')
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at
          when 'reply_due' then c.reply_due_at end < coalesce(p_to, 'infinity')
      and cycle_is(c, p_counted, p_as_of)
$$;

-- The same for one viewer and one row of a report: exactly the cycles that both the number and its list stand for.
-- p_level, p_node: a subtree (level 0 = the whole district); p_outside: outside every grid; p_system, p_code: a code
-- system, or a category of it; p_handler: a crew; p_undispatched: given to no crew; p_responsible: an organisation,
-- as handler or as the holder of what nobody handles; p_unexcused: without those that an upheld appeal excused.
-- Then the viewer's scope as visible_cases takes it: whoever has no office counts what he handles, and nobody counts a
-- case that he may not see.
drop function counted_for(bigint, text, timestamptz, timestamptz, timestamptz, text, integer, bigint, boolean, text, text,
    bigint, boolean, bigint, bigint, bigint, bigint[], bigint, bigint);
create function counted_for(p_home bigint, p_basis text, p_from timestamptz, p_to timestamptz, p_as_of timestamptz,
    p_counted text, p_level integer, p_node bigint, p_outside boolean, p_system text, p_code text,
    p_handler bigint, p_undispatched boolean, p_responsible bigint, p_unexcused boolean,
    p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint)
returns setof cycles language sql stable as $$
    select k.* from counted_cycles(p_home, p_basis, p_from, p_to, p_as_of, p_counted) k
    where case p_level when 1 then k.street_id = p_node when 2 then k.community_id = p_node
          when 3 then k.grid_id = p_node else true end
      and (not p_outside or k.street_id is null)
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

grant execute on function cycle_open, cycle_closed, counted_for to xunge_app;
