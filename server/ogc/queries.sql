-- name: extent^
-- The bounds of a district, degrees.
select st_xmin(b) as west, st_ymin(b) as south, st_xmax(b) as east, st_ymax(b) as north
from (select st_extent(geom) as b from grids where current and node_id = :district) e where b is not null;

-- name: grids_page
-- One level of a district in code order; a page is read by its key, whatever comes before it.
select g.code, g.name, g.level, g.kind, g.households, g.version_id, p.code as parent, st_asgeojson(g.geom, 7) as shape
from grids g
join grid_nodes n on n.id = g.node_id
left join grids p on p.version_id = g.version_id and p.node_id = g.parent_id
where g.version_id = (select current_version from districts where id = :district) and g.level = :level
  and (:code::text is null or g.code = :code)
  and (:west::float8 is null or g.geom && st_makeenvelope(:west, :south, :east, :north, 4326))
  and (:after::text is null or g.code collate "C" > :after)
order by g.code collate "C"
limit :limit;
