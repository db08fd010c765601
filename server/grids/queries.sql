-- name: located_rows
-- Every grid that a point touches or may belong to by its accuracy (migrations 0026, 0040).
select * from whose(:lons::float8[], :lats::float8[], :reaches::float8[], :easts::float8[], :norths::float8[],
    :districts::bigint[]);

-- name: version_on^
-- The version that was in force on a day: of those valid by then, the one loaded last.
select id, id = (select current_version from districts where id = :district) as current
from boundary_versions where district_id = :district and valid_from <= :day::date order by id desc limit 1;

-- name: former_rows
-- Every grid of a former version that a point touches, like located_rows without an accuracy: grids_former_geom_idx.
select s.node_id, s.version_id, s.code, s.covers, true as touches, 0::float8 as away_m, null::float8 as share,
       :district::bigint as district_id, c.node_id as community_id, c.parent_id as street_id
from (
    select g.*, st_relate(g.geom, st_setsrid(st_makepoint(:lon, :lat), 4326), '******F**') as covers
    from grids g
    where g.version_id = :version and g.level = 3 and not g.current
      and g.geom && st_expand(st_setsrid(st_makepoint(:lon, :lat), 4326), 1e-9)
    offset 0
) s
left join grids c on c.version_id = s.version_id and c.node_id = s.parent_id
where s.covers or st_dwithin(s.geom, st_setsrid(st_makepoint(:lon, :lat), 4326), 1e-9)
order by s.code collate "C";

-- name: names_in
-- Codes and names of nodes as they were in one version.
select node_id, code, name, level from grids where version_id = :version and node_id = any (:nodes);

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
    where b.level = 3 and o.node_id not in (select node_id from below)
),
wanted as (
    select node_id, version_id, 'scope' as part from below
    union all
    select node_id, version_id, 'above' from above where node_id is not null and node_id not in (select node_id from below)
    union all
    select node_id, version_id, 'neighbour' from neighbours
)
select w.part, g.node_id, g.version_id, g.level, g.code, g.name, g.kind, g.parent_id, n.district_id,
       st_x(g.inside) as lon, st_y(g.inside) as lat,
       case when w.part <> 'above' then st_asgeojson(coalesce(g.simple, g.geom), 7) end as shape
from wanted w
join grids g using (version_id, node_id)
join grid_nodes n on n.id = g.node_id
order by g.level, g.code collate "C";
