-- Overdue cases in bulk: in a crew's hands, held by their street, the handling limit passed one to four hours ago: once each.
-- Of their chains only the end is made up: what is appended to them is real.

-- name: cases
insert into cases (id, number, state, version, moved_version, pack_version, category_system, category_code, condition, title, lon_e7,
    lat_e7, accuracy_m, crs_source, place_status, district_id, street_id, community_id, grid_id, boundary_version, holder_id,
    holder_level, handler_id, flags, source, reported_at, received_at, changed_at, acted_at, due_at, next_due_at, next_clock, last_hash)
select gen_random_uuid(), 'V' || %(first)s + n, 'handling', 6, 6, (select version_id from shipped_packs where code = 'urban'), 'urban/event',
    '0110', 'any', 'case ' || n, (p.lon * 1e7)::integer, (p.lat * 1e7)::integer, 8, 'EPSG:4326', 'inside', p.district_id,
    p.street_id, p.community_id, p.grid_id, p.version, p.office, 1, k.id, '{registered}', 'patrol', at, at, at, at,
    at + interval '5 hours', at + interval '4 hours', 'handle', repeat('0', 64)
from (
    select n, n %% (select count(*) from grids where current and level = 3) as place,
           %(now)s::timestamptz - interval '5 hours' - make_interval(secs => n %% 10000) as at
    from generate_series(1, %(rows)s) n
) drawn
join (
    select row_number() over (order by g.code) - 1 as i, d.id as district_id, d.current_version as version, s.node_id as street_id,
           c.node_id as community_id, g.node_id as grid_id, st_x(g.inside) as lon, st_y(g.inside) as lat, o.id as office
    from districts d
    join grids g on g.version_id = d.current_version and g.level = 3
    join grids c on (c.version_id, c.node_id) = (g.version_id, g.parent_id)
    join grids s on (s.version_id, s.node_id) = (c.version_id, c.parent_id)
    join organisations o on o.grid_id = s.node_id and o.kind = 'street'
    where d.id = %(district)s
) p on p.i = drawn.place
cross join (select id from organisations where district_id = %(district)s and code = 'crew-sanitation') k
returning id;

-- name: cycles
insert into cycles (case_id, n, district_id, street_id, community_id, grid_id, holder_id, handler_id, category_system, category_code,
    opened_at, registered_at, dispatched_at, handle_due_at, due_at)
select id, 1, district_id, street_id, community_id, grid_id, holder_id, handler_id, category_system, category_code,
    reported_at, reported_at, reported_at, next_due_at, due_at
from cases where number ~ '^V' and not exists (select from cycles y where y.case_id = cases.id);

-- name: deadlines
insert into deadlines (case_id, cycle, kind, limit_min, time_kind, started_at, due_at, escalate_at)
select id, 1, 'handle', 240, 'emergency', reported_at, next_due_at, next_due_at
from cases where number ~ '^V' and not exists (select from deadlines d where d.case_id = cases.id);

-- name: keys
insert into case_keys (number, source, case_id)
select number, source, id from cases where number ~ '^V' and not exists (select from case_keys k where k.case_id = cases.id);

-- name: bare
-- The rows that escalating a chunk writes, without what decides about them: case, clock, cycle, command, event.
with due as (
    select d.case_id from deadlines d join cases c on c.id = d.case_id where d.escalate_at < now()
    order by d.escalate_at limit %(chunk)s for update of c skip locked
), clock as (
    update deadlines d set escalations = 1, escalate_at = null from due where d.case_id = due.case_id
), life as (
    update cycles y set handle_due_at = handle_due_at from due where y.case_id = due.case_id
), command as (
    insert into commands (command_id, origin, kind, case_id, body_hash, received_at, outcome, payload)
    select gen_random_uuid(), 'system', 'escalate', case_id, repeat('0', 64), now(), 'applied', repeat('x', 60) from due
), event as (
    insert into case_events (case_id, n, cycle, command_id, action, from_state, to_state, made_at, acted_at, received_at, body,
        prev_hash, hash)
    select case_id, 7, 1, gen_random_uuid(), 'escalate', 'handling', 'handling', '', now()::text, now()::text, repeat('x', 600),
        repeat('0', 64), repeat('0', 64) from due
)
update cases c set version = 7, holder_level = 0, last_hash = repeat('0', 64), changed_at = now() from due where c.id = due.case_id;
