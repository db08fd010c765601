-- name: lock_boundaries!
-- One load at a time in one database.
select pg_advisory_xact_lock(7206003);

-- name: districts
select d.id, d.code, d.name, d.timezone, d.current_version, v.source_sha256, v.report
from districts d left join boundary_versions v on v.id = d.current_version order by d.id;

-- name: nodes_of
select id, level, code from grid_nodes where district_id = :district;

-- name: stored_grids
select g.node_id, g.level, g.code, g.name, p.code as parent, g.households, g.kind, st_asbinary(g.geom) as shape
from grids g left join grids p on p.version_id = g.version_id and p.node_id = g.parent_id
where g.version_id = :version order by g.level, g.code collate "C";

-- name: add_district_node$
insert into grid_nodes (level, code) values (0, :code) returning id;

-- name: own_district!
update grid_nodes set district_id = id where id = :id;

-- name: add_district!
insert into districts (id, code, name, timezone, pack) values (:id, :code, :name, :timezone, :pack);

-- name: set_district!
update districts set name = :name, timezone = :timezone where id = :id;

-- name: add_nodes!
insert into grid_nodes (district_id, level, code)
select :district, t.level, t.code from unnest(:levels::smallint[], :codes::text[]) as t (level, code)
on conflict on constraint grid_nodes_district_code_key do nothing;

-- name: add_version$
insert into boundary_versions (district_id, valid_from, loaded_at, source_name, source_sha256, report, simple_error_m)
values (:district, :valid_from, :loaded_at, :source_name, :sha256, :report, :error_m) returning id;

-- name: forget_tiles!
delete from grid_tiles where version_id = :version;

-- name: retire_grids!
update grids set current = false where version_id = :version and current;

-- name: add_grids!
insert into grids (version_id, node_id, parent_id, level, code, name, households, kind, geom, inside, simple, current)
select :version, n.id, p.id, t.level, t.code, t.name, t.households, t.kind, s.geom, st_pointonsurface(s.geom),
       st_multi(st_geomfromwkb(t.simple, 4326)), true
from unnest(:levels::smallint[], :codes::text[], :names::text[], :parents::text[], :households::integer[],
            :kinds::text[], :shapes::bytea[], :simples::bytea[])
    as t (level, code, name, parent, households, kind, shape, simple)
cross join lateral (select st_multi(st_geomfromwkb(t.shape, 4326)) as geom) s
join grid_nodes n on n.district_id = :district and n.code = t.code
left join grid_nodes p on p.district_id = :district and p.code = t.parent;

-- name: set_current!
update districts set current_version = :version where id = :district;

-- name: log_boundaries!
select log_change(:district, 'grid', :version::text);

-- name: node_of$
select n.id from grid_nodes n join grids g on g.node_id = n.id and g.current
where n.code = :code and (:district::text is null
                          or n.district_id = (select id from districts where code = :district))
order by n.district_id limit 1;

-- name: district_of$
select district_id from grid_nodes where id = :node;

-- name: let_cases_follow!
update boundary_versions set reroute = true where id = :version;

-- name: bounds^
-- West, south, east, north of a version of boundaries, degrees.
select st_xmin(b) as west, st_ymin(b) as south, st_xmax(b) as east, st_ymax(b) as north
from (select st_extent(geom) as b from grids where version_id = :version and level = 0) e;
