-- name: crews_page
-- A crew's load is counted among the cases that the crew itself sees as handler.
select o.id, o.code, o.name, o.trades, o.categories, o.capacity, st_x(o.depot) as lon, st_y(o.depot) as lat,
       n.code as serves, load.open_cases
from organisations o
join grid_nodes n on n.id = o.grid_id
join lateral (
    select count(*)::int as open_cases from visible_cases(null, null, null, null, o.id, null) c
    where c.handler_id = o.id and c.state in ('dispatched', 'handling')
) load on true
where o.district_id = :district_id and o.kind = 'crew' and o.active and o.code > :after
order by o.code limit :limit;

-- name: candidates
-- Every crew of the district with what speaks for and against it at one place (EPSG:4326, may be unknown).
select o.id, o.code, o.name, o.trades, o.categories, o.capacity, st_x(o.depot) as lon, st_y(o.depot) as lat,
       o.grid_id = o.district_id or o.grid_id = any (:nodes::bigint[]) as serves_place, load.open_cases,
       st_distance(o.depot::geography,
                   st_setsrid(st_makepoint(:lon::float8, :lat::float8), 4326)::geography)::int as distance_m
from organisations o
join lateral (
    select count(*)::int as open_cases from visible_cases(null, null, null, null, o.id, null) c
    where c.handler_id = o.id and c.state in ('dispatched', 'handling')
) load on true
where o.district_id = :district_id and o.kind = 'crew' and o.active;

-- name: nodes_at
-- Which nodes of the district lie over a point.
select g.node_id from grids g join grid_nodes n on n.id = g.node_id
where g.current and n.district_id = :district_id
  and st_covers(g.geom, st_setsrid(st_makepoint(:lon::float8, :lat::float8), 4326));
