-- name: boundary_version$
select current_version from districts where id = :district;

-- name: kept_tile$
select data from grid_tiles where version_id = :version and z = :z and x = :x and y = :y;

-- name: keep_tile!
insert into grid_tiles (version_id, z, x, y, data) values (:version, :z, :x, :y, :data)
on conflict on constraint grid_tiles_pkey do nothing;

-- name: grids_tile$
-- Borders of one district by level, and their names as points; what a zoom shows is decided in service.py.
-- Nothing is simplified cell by cell: snapping to the tile's own grid moves shared vertices together.
with bounds as (
    select st_tileenvelope(:z, :x, :y) as tile,
           st_makeenvelope(:west, :south, :east, :north, 4326) as here,
           st_expand(st_makeenvelope(:west, :south, :east, :north, 4326), (:east - :west) / 32) as around
),
shown as (
    select g.node_id, g.level, g.code, g.name, g.kind, g.inside,
           st_asmvtgeom(st_transform(g.geom, 3857), b.tile, 4096, 128, true) as shape
    from bounds b
    join grids g on g.version_id = :version and g.level = any (:levels::smallint[]) and g.geom && b.around
)
select coalesce((select st_asmvt(t, 'streets', 4096, 'shape', 'node_id') from (
                    select node_id, level, code, name, kind, shape from shown where level = 1 and shape is not null) t), '')
    || coalesce((select st_asmvt(t, 'communities', 4096, 'shape', 'node_id') from (
                    select node_id, level, code, name, kind, shape from shown where level = 2 and shape is not null) t), '')
    || coalesce((select st_asmvt(t, 'grids', 4096, 'shape', 'node_id') from (
                    select node_id, level, code, name, kind, shape from shown where level = 3 and shape is not null) t), '')
    || coalesce((select st_asmvt(t, 'labels', 4096, 'shape', 'node_id') from (
                    select s.node_id, s.level, s.code, s.name, s.kind,
                           st_asmvtgeom(st_transform(s.inside, 3857), b.tile, 4096, 0, true) as shape
                    from shown s cross join bounds b
                    where s.level = any (:labelled::smallint[]) and s.inside && b.here) t), '');

-- name: cases_clustered$
-- Cases in scope counted by cell (:cells × :cells in a tile); a cell with one case shows the case itself.
-- Cells are found by arithmetic on whole 1e-7 degrees, so that each case is in exactly one cell of one tile.
with seen as not materialized (
    select c.number, c.lon_e7, c.lat_e7,
           floor((c.lon_e7 / 3600000000.0::float8 + 0.5) * (:cells * 2 ^ :z)) as cx,
           floor((0.5 - ln(tan(pi() / 4 + radians(c.lat_e7 / 1e7::float8) / 2)) / (2 * pi())) * (:cells * 2 ^ :z)) as cy,
           case when c.state <> all (:open) then 3 when c.next_due_at < :now then 0 when c.next_due_at <= :soon then 1 else 2 end as mark
    from asked_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, null, null, null, null) c
    where c.place && st_makeenvelope(:west, :south, :east, :north, 4326) and abs(c.lat_e7) < 850000000
    offset 0
),
cell as (
    select cx, cy, count(*) as count,
           count(*) filter (where mark = 0) as overdue, count(*) filter (where mark = 1) as soon,
           count(*) filter (where mark = 2) as ontime, count(*) filter (where mark = 3) as closed,
           avg(lon_e7) / 1e7 as lon, avg(lat_e7) / 1e7 as lat, min(number collate "C") collate "default" as number
    from seen
    where cx >= :x * :cells and cx < (:x + 1) * :cells and cy >= :y * :cells and cy < (:y + 1) * :cells
    group by cx, cy
),
mine as (
    select *, st_asmvtgeom(st_transform(st_setsrid(st_makepoint(lon, lat), 4326), 3857),
                           st_tileenvelope(:z, :x, :y), 4096, 0, false) as shape
    from cell
)
select coalesce((select st_asmvt(t, 'clusters', 4096, 'shape') from (
                    select count, overdue, soon, ontime, closed, shape from mine where count > 1) t), '')
    || coalesce((select st_asmvt(t, 'cases', 4096, 'shape') from (
                    select c.number, c.title, c.state, c.severity, m.shape, to_char(c.next_due_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as due,
                           case when m.overdue > 0 then 'overdue' when m.soon > 0 then 'soon' when m.closed > 0 then 'closed' else 'ontime' end as status
                    from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
                    join mine m on m.number = c.number
                    where c.id = any (array(select k.case_id from case_keys k
                                            where k.number = any (array(select number from mine where count = 1))))) t), '');

-- name: cases_single$
-- Every case in scope on its own, the late ones first where there are more than :most.
select coalesce(st_asmvt(t, 'cases', 4096, 'shape'), '') from (
    select c.number, c.title, c.state, c.severity, to_char(c.next_due_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as due,
           case when c.state <> all (:open) then 'closed' when c.next_due_at < :now then 'overdue'
                when c.next_due_at <= :soon then 'soon' else 'ontime' end as status,
           st_asmvtgeom(st_transform(c.place, 3857), st_tileenvelope(:z, :x, :y), 4096, 256, true) as shape
    from asked_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, null, null, null, null) c
    where c.place && st_expand(st_makeenvelope(:west, :south, :east, :north, 4326), (:east - :west) / 16) and abs(c.lat_e7) < 850000000
    order by (c.state = any (:open)) desc, c.next_due_at nulls last
    limit :most
) t where shape is not null;

-- name: facilities_tile$
-- What stands in some layers, at most :most in one tile: whole streets of lamps are asked for from zoom 14 on.
with bounds as (
    select st_tileenvelope(:z, :x, :y) as tile,
           st_expand(st_makeenvelope(:west, :south, :east, :north, 4326), (:east - :west) / 32) as around
)
select coalesce(st_asmvt(t, 'facilities', 4096, 'shape'), '') from (
    select s.code, s.name, s.layer, st_asmvtgeom(st_transform(s.geom, 3857), s.tile, 4096, 64, true) as shape
    from (
        select f.code, f.name, l.code as layer, f.geom, b.tile
        from bounds b
        join layers l on l.id = any (:layers::bigint[])
        join facilities f on f.layer_id = l.id and f.active and f.geom && b.around
        limit :most
    ) s
) t where shape is not null;
