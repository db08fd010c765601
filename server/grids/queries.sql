-- name: located_rows
-- Every grid that a point touches or may belong to by its accuracy: one look-up in the GiST index a point.
-- 1e-9 degree is the width of a border (protocol/ground.py). Distances are metres on a plane that is true around the
-- point: a polygon is stretched by the metres in a degree there.
-- Only a point with several grids pays for what tells them apart: whether a grid covers it is then asked by ST_Relate,
-- whose predicates are exact (ST_Covers is fast and may round), and how much of the accuracy circle lies in it.
select r.ord, r.node_id, r.version_id, r.code, r.touches, r.away_m, r.district_id, r.community_id, r.street_id,
       case when r.several then st_relate(r.geom, r.place, '******F**') else r.covers end as covers,
       case when r.several and r.reach_m > 0 then (
           select st_area(st_intersection(r.here, c.circle)) / st_area(c.circle)
           from (select st_buffer(st_setsrid(st_makepoint(0, 0), 4326), r.reach_m, 32) as circle) c) end as share
from (
    select p.ord, p.place, p.reach_m, g.*, g.covers or g.near as touches, count(*) over (partition by p.ord) > 1 as several,
           c.node_id as community_id, c.parent_id as street_id, n.district_id
    from (
        select t.*, st_setsrid(st_makepoint(t.lon, t.lat), 4326) as place
        from unnest(:lons::float8[], :lats::float8[], :reaches::float8[], :easts::float8[], :norths::float8[],
                    :districts::bigint[]) with ordinality as t (lon, lat, reach_m, east_m, north_m, district_id, ord)
        where t.lon is not null
    ) p
    cross join lateral (
        select s.*, not s.covers and st_dwithin(s.geom, p.place, 1e-9) as near,
               case when s.covers or s.here is null then 0
                    else st_distance(s.here, st_setsrid(st_makepoint(0, 0), 4326)) end as away_m
        from (
            select node_id, version_id, parent_id, code, geom, st_covers(geom, p.place) as covers,
                   case when p.reach_m > 0 then
                       st_affine(geom, p.east_m, 0, 0, p.north_m, -p.lon * p.east_m, -p.lat * p.north_m) end as here
            from grids
            where current and level = 3
              and geom && st_expand(p.place, p.reach_m / p.east_m + 1e-9, p.reach_m / p.north_m + 1e-9)
            offset 0
        ) s
    ) g
    -- Looked up one by one by their keys whatever the statistics say: a point has one or two candidates.
    cross join lateral (select id, district_id from grid_nodes where id = g.node_id offset 0) n
    left join lateral (
        select node_id, parent_id from grids where version_id = g.version_id and node_id = g.parent_id offset 0) c on true
    where (g.covers or g.near or (p.reach_m > 0 and g.away_m <= p.reach_m))
      and (p.district_id is null or n.district_id = p.district_id)
) r
order by r.ord, r.code collate "C", r.district_id;

-- name: nearest_district^
-- The district whose grids are nearest to a place that lies in none of them.
select n.district_id
from grids g join grid_nodes n on n.id = g.node_id
where g.current and g.level = 3
order by g.geom <-> st_setsrid(st_makepoint(:lon, :lat), 4326)
limit 1;

-- name: districts
select id, code, name, timezone, pack, current_version from districts order by id;

-- name: node_of_code
-- The stored shape of a code with everything above it; several rows when districts share the code.
select g.node_id, g.version_id, g.level, n.district_id, p.node_id as parent_id, p.parent_id as grandparent_id
from grids g
join grid_nodes n on n.id = g.node_id
left join grids p on p.version_id = g.version_id and p.node_id = g.parent_id
where g.current and g.code = :code and (:district::bigint is null or n.district_id = :district);

-- name: page
-- Grids of the current boundaries, keyset by (district, code).
select g.node_id, g.version_id, g.level, g.code, g.name, g.kind, g.households, n.district_id, d.code as district,
       p.code as parent, st_x(g.inside) as lon, st_y(g.inside) as lat
from grids g
join grid_nodes n on n.id = g.node_id
join districts d on d.id = n.district_id
left join grids p on p.version_id = g.version_id and p.node_id = g.parent_id
where g.current
  and (:viewer_district::bigint is null or n.district_id = :viewer_district)
  and (:level::smallint is null or g.level = :level)
  and (:parent::text is null or p.code = :parent)
  and (:after_district::bigint is null or (n.district_id, g.code collate "C") > (:after_district, :after_code))
order by n.district_id, g.code collate "C"
limit :limit;

-- name: one^
select g.node_id, g.version_id, g.level, g.code, g.name, g.kind, g.households, n.district_id, d.code as district,
       p.code as parent, st_x(g.inside) as lon, st_y(g.inside) as lat,
       (select count(*) from grids c where c.version_id = g.version_id and c.parent_id = g.node_id) as children
from grids g
join grid_nodes n on n.id = g.node_id
join districts d on d.id = n.district_id
left join grids p on p.version_id = g.version_id and p.node_id = g.parent_id
where g.current and g.code = :code
  and (:viewer_district::bigint is null or n.district_id = :viewer_district)
order by n.district_id
limit 1;

-- name: names_of
select g.node_id, g.code, g.name, g.level from grids g where g.current and g.node_id = any (:nodes);

-- name: package_nodes
-- The subtrees of the given nodes with everything above them, and the level-3 neighbours of what they contain.
with recursive below as (
    select g.node_id, g.version_id, g.level from grids g where g.current and g.node_id = any (:nodes)
    union
    select c.node_id, c.version_id, c.level
    from below b join grids c on c.current and c.parent_id = b.node_id
),
above as (
    select g.parent_id as node_id, g.version_id from grids g join below b using (version_id, node_id)
    union
    select g.parent_id, g.version_id from above a join grids g on g.version_id = a.version_id and g.node_id = a.node_id
),
neighbours as (
    select distinct o.node_id, o.version_id
    from below b
    join grids g using (version_id, node_id)
    join grids o on o.current and o.level = 3 and o.version_id = g.version_id and st_dwithin(o.geom, g.geom, :around)
    where b.level = 3
),
wanted as (
    select node_id, version_id, 'scope' as part from below
    union all
    select node_id, version_id, 'above' from above where node_id is not null and node_id not in (select node_id from below)
    union all
    select node_id, version_id, 'neighbour' from neighbours where node_id not in (select node_id from below)
)
select w.part, g.node_id, g.version_id, g.level, g.code, g.name, g.kind, g.parent_id, n.district_id,
       st_x(g.inside) as lon, st_y(g.inside) as lat,
       case when w.part <> 'above' then st_asgeojson(g.geom, 7) end as shape
from wanted w
join grids g using (version_id, node_id)
join grid_nodes n on n.id = g.node_id
order by g.level, g.code collate "C";
