-- name: crews_page
-- A crew's load is counted among the cases that the crew itself sees as handler; its register is that of today.
select o.id, o.code, o.name, o.trades, o.capacity, st_x(o.depot) as lon, st_y(o.depot) as lat,
       n.code as serves, load.open_cases, r.permits, r.lapsed, r.qualifications, r.suspension, t.day::text
from organisations o
join districts d on d.id = o.district_id
join grid_nodes n on n.id = o.grid_id
cross join lateral (select (:now::timestamptz at time zone d.timezone)::date as day) t
cross join lateral register_on(o.id, t.day) r
join lateral (
    select count(*)::int as open_cases from visible_cases(null, null, null, null, o.id, null) c
    where c.handler_id = o.id and c.state in ('dispatched', 'handling')
) load on true
where o.district_id = :district_id and o.kind = 'crew' and o.active and o.code > :after
order by o.code limit :limit;

-- name: candidates
-- Every crew of the district, and the offices of some kinds that lie over the place, with what speaks for and against
-- each there (EPSG:4326, may be unknown). `level` = of the node that it serves.
select o.id, o.kind, o.code, o.name, o.trades, o.capacity, st_x(o.depot) as lon, st_y(o.depot) as lat, n.level,
       o.grid_id = o.district_id or o.grid_id = any (:nodes::bigint[]) as serves_place, load.open_cases,
       r.permits, r.lapsed, r.qualifications, r.suspension, t.day::text,
       st_distance(o.depot::geography,
                   st_setsrid(st_makepoint(:lon::float8, :lat::float8), 4326)::geography)::int as distance_m
from organisations o
join districts d on d.id = o.district_id
join grid_nodes n on n.id = o.grid_id
cross join lateral (select (:now::timestamptz at time zone d.timezone)::date as day) t
cross join lateral register_on(o.id, t.day) r
join lateral (
    select count(*)::int as open_cases from visible_cases(null, null, null, null, o.id, null) c
    where c.handler_id = o.id and c.state in ('dispatched', 'handling')
) load on true
where o.district_id = :district_id and o.active
  and (o.kind = 'crew' or (o.kind = any (:kinds::text[]) and o.kind <> 'outside' and o.grid_id = any (:nodes::bigint[])));

-- name: answerable
-- Organisations of some trades or kinds, and all others, that serve a place; the nearest in the tree first.
select o.id, o.kind, o.code, o.name, o.trades && :trades::text[] or o.kind = any (:kinds::text[]) as named
from organisations o
join grid_nodes n on n.id = o.grid_id
where o.district_id = :district_id and o.active and (o.kind = 'outside') = :outside
  and (o.grid_id = o.district_id or o.grid_id = any (:nodes::bigint[]))
order by named desc, n.level desc, o.code limit :limit;

-- name: nodes_at
-- Which nodes of the district lie over a point.
select g.node_id from grids g join grid_nodes n on n.id = g.node_id
where g.current and n.district_id = :district_id
  and st_covers(g.geom, st_setsrid(st_makepoint(:lon::float8, :lat::float8), 4326));
