-- Cases and cycles in bulk, as a year of one district leaves them: what lists, reports and tiles are measured on.
-- The chain behind them is not made (triggers are off): nothing here measures it.

-- name: places
-- The district's grids with their ancestors, numbered from 0 for a draw.
create temporary table bench_places as
select row_number() over (order by g.code) - 1 as i, d.id as district_id, d.current_version,
       s.node_id as street_id, c.node_id as community_id, g.node_id as grid_id, st_x(g.inside) as lon, st_y(g.inside) as lat
from districts d
join grids g on g.version_id = d.current_version and g.level = 3
join grids c on (c.version_id, c.node_id) = (g.version_id, g.parent_id)
join grids s on (s.version_id, s.node_id) = (c.version_id, c.parent_id)
where d.id = %(district)s;

-- name: crews
create temporary table bench_crews as
select row_number() over (order by code) - 1 as i, id from organisations where district_id = %(district)s and kind = 'crew';

-- name: cases
-- Reported evenly over the year before `now`, stored as they came; 97 of 100 closed after some hours, 3 still open.
insert into cases (id, number, state, version, moved_version, pack_version, category_system, category_code, title, lon_e7, lat_e7,
    accuracy_m, crs_source, place_status, district_id, street_id, community_id, grid_id, boundary_version, holder_id,
    handler_id, source, external_id, reported_at, received_at, changed_at, acted_at, due_at, next_due_at, next_clock, closed_at,
    close_kind, last_hash)
select gen_random_uuid(), 'B' || lpad(n::text, 9, '0'), case when open then 'handling' else 'closed' end, 6, 6,
    (select version_id from shipped_packs where code = 'urban'), 'urban/event', (array['0110', '0406', '0505', '0600'])[1 + n %% 4],
    'case ' || n, ((lon + (random() - 0.5) * 0.003) * 1e7)::integer, ((lat + (random() - 0.5) * 0.003) * 1e7)::integer,
    8, 'EPSG:4326', 'inside', district_id, street_id, community_id, grid_id, current_version, k.id, k.id,
    'patrol', null, at, at, at, at, at + interval '8 hours', case when open then at + interval '8 hours' end,
    case when open then 'handle' end, case when not open then at + took end, case when not open then 'fixed' end, ''
from (
    select n, (random() * ((select count(*) from bench_places) - 1))::bigint as place,
           n %% (select count(*) from bench_crews) as crew, random() < 0.03 as open,
           %(now)s::timestamptz - random() * interval '365 days' as at, random() * interval '12 hours' as took
    from generate_series(1, %(rows)s) n
) drawn
join bench_places p on p.i = drawn.place
join bench_crews k on k.i = drawn.crew
order by at;

-- name: words
-- What the cases are found by; the trigger that makes it is off.
insert into case_words (case_id, words) select c.id, words_of_case(c) from cases c;

-- name: closed
-- What the map counts them from.
insert into closed_moves select m.* from cases c cross join lateral closed_move(c, 1) m;
select sum_closed(null);
truncate closed_moves;

-- name: cycles
insert into cycles (case_id, n, district_id, street_id, community_id, grid_id, holder_id, handler_id, category_system,
    category_code, opened_at, registered_at, dispatched_at, handled_at, passed_at, handle_due_at, due_at, ended_at,
    ended_as, on_time)
select id, 1, district_id, street_id, community_id, grid_id, holder_id, handler_id, category_system, category_code, reported_at,
    reported_at, reported_at, closed_at, closed_at, due_at - interval '3 hours', due_at, closed_at, close_kind,
    closed_at <= due_at
from cases order by reported_at;

-- name: cycles_alone
-- Cycles without their cases, with what the rarer indicators count: rework, extension, returns, suspension, calls.
insert into cycles (case_id, n, district_id, street_id, community_id, grid_id, holder_id, handler_id, category_system,
    category_code, opened_at, registered_at, dispatched_at, handled_at, passed_at, handle_due_at, due_at, ended_at,
    ended_as, on_time, self_handled, reworks, extensions, wrong_dispatches, suspended, callback, solved)
select gen_random_uuid(), 1, district_id, street_id, community_id, grid_id, k.id, k.id, 'urban/event',
    (array['0110', '0406', '0505', '0600'])[1 + n %% 4], at, at, at, done, done, case when not self then at + interval '5 hours' end,
    case when not self then at + interval '8 hours' end, done, case when done is not null then 'fixed' end,
    case when not self then took <= interval '8 hours' end, self, (n %% 97 = 0)::integer, (n %% 89 = 0)::integer,
    (n %% 83 = 0)::integer, done is null and n %% 7 = 0, case when n %% 20 = 0 then 'satisfied' end, case when n %% 20 = 0 then true end
from (
    select n, (random() * ((select count(*) from bench_places) - 1))::bigint as place, at, took, self,
        n %% (select count(*) from bench_crews) as crew, case when self or random() > 0.03 then at + took end as done
    from (
        select n, n %% 5 = 0 as self, %(now)s::timestamptz - random() * interval '365 days' as at, random() * interval '12 hours' as took
        from generate_series(1, %(rows)s) n
    ) moments
) drawn
join bench_places p on p.i = drawn.place
join bench_crews k on k.i = drawn.crew
order by at;

-- name: all_open
update cases set state = 'handling', closed_at = null, close_kind = null, next_due_at = due_at, next_clock = 'handle';
delete from closed_cells;

-- name: clocks
insert into deadlines (case_id, cycle, kind, limit_min, time_kind, started_at, due_at, stopped_at)
select c.id, c.cycle, k.kind, 480, 'seat', c.reported_at, c.due_at, case when k.kind = 'register' then c.reported_at end
from cases c cross join (values ('register'), ('handle'), ('whole')) k (kind);

-- name: events
insert into case_events (case_id, n, cycle, command_id, action, from_state, to_state, actor, organisation, made_at, acted_at, received_at, body, prev_hash, hash)
select c.id, e.n, 1, gen_random_uuid(), e.action, e.from_state, e.to_state, (select min(id) from people), c.holder_id, '', at, at,
    '{"clocks":{},"fields":{"state":["x","y"]},"payload":{"note":"' || repeat('x', 400) || '"},"private":null}',
    case when e.n = 1 then '' else repeat('a', 64) end, repeat('a', 64)
from cases c
cross join (values (1, 'report', '', 'reported'), (2, 'register', 'reported', 'registered'), (3, 'dispatch', 'registered', 'dispatched'),
    (4, 'accept', 'dispatched', 'handling'), (5, 'ask_extension', 'handling', 'handling'), (6, 'grant_extension', 'handling', 'handling')) e (n, action, from_state, to_state)
cross join lateral (select to_char(c.reported_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at) t;
