-- name: waiting
-- Districts whose open cases shall follow the boundaries in force. A version that was replaced meanwhile is passed over.
select v.district_id, v.id as version
from boundary_versions v join districts d on d.current_version = v.id
where v.reroute and v.rerouted_at is null
order by v.id;

-- name: done!
update boundary_versions set rerouted_at = :now where district_id = :district and id <= :version and reroute and rerouted_at is null;

-- name: open_cases
-- The next open cases of a district in order of id, with the place that routes them: their own point, or for a case without
-- one the middle of its former grid when that grid is no more.
with open as materialized (select id from cases where district_id = :district and closed_at is null)
select c.id, c.street_id, c.community_id, c.grid_id, c.place_status, c.place_candidates, c.accuracy_m, c.crs_source,
       c.lon_e7 / 1e7::float8 as lon, c.lat_e7 / 1e7::float8 as lat,
       case when c.lon_e7 is null then st_x(g.inside) end as grid_lon,
       case when c.lon_e7 is null then st_y(g.inside) end as grid_lat
from open o
join cases c on c.id = o.id
left join lateral (
    select f.inside from grids f
    where f.version_id = c.boundary_version and f.node_id = coalesce(c.grid_id, c.community_id, c.street_id)
      and not exists (select from grids n where n.current and n.node_id = f.node_id)
) g on c.lon_e7 is null
where o.id > :after
order by o.id limit :limit;
