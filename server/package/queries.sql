-- name: made_of
-- All that a package of a role in a district depends on, beside its nodes and the files of the installation. Versions
-- and loads count on from where a restored backup stands: the epoch keeps them apart from those that were lost.
select 'epoch' as what, e.epoch::text as code, 0 as loads, '' as name
from epoch e
union all
select 'boundaries' as what, coalesce(d.current_version, 0)::text as code, 0 as loads, '' as name
from districts d where d.id = :district
union all
select 'layer', l.code, l.loads, l.name || ' ' || l.category_system || '/' || l.category_code
from layers l
where l.district_id = :district and l.on_tablets and :role = any (l.readers)
order by 1, 2;

-- name: layers
select l.id, l.code, l.name, l.kind, l.category_system, l.category_code
from layers l
where l.district_id = :district and l.on_tablets and :role = any (l.readers)
order by l.code collate "C";

-- name: facilities
-- What stands in some grids, of some layers: index facilities_grid_idx (grid_id, layer_id, code).
select f.layer_id, f.code, f.name, st_x(f.place) as lon, st_y(f.place) as lat, g.code as grid, f.properties,
       case when l.kind = 'line' then st_asgeojson(f.geom, 7) end as shape
from facilities f
join layers l on l.id = f.layer_id
join grids g on g.current and g.node_id = f.grid_id
where f.active and f.grid_id = any (:grids::bigint[]) and f.layer_id = any (:layers::bigint[])
order by f.layer_id, f.code collate "C";

-- name: error_m$
select max(simple_error_m) from boundary_versions where id = any (:versions::bigint[]);

-- name: seed$
select seed from signing_keys where purpose = 'package';

-- name: count_refusal!
update devices set refusals = refusals + 1, refused_at = :now where id = :device;
