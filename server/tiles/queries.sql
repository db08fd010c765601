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
-- Cases in scope counted by cell (8 × 8 in a tile); a cell with one case shows the case itself.
-- Cells are found by arithmetic on whole 1e-7 degrees, so that each case is in exactly one cell of one tile (its edges
-- come along: the list within them has the cases that were counted): :shift is by
-- how much they are coarser than those of the sums. With a :facet closed cases of the office are counted from the sums of
-- closed_cells and what moved since; without one, and beyond the office, one by one.
with seen as (
    select c.number, c.lon_e7, c.lat_e7, cell_x(c.lon_e7) >> :shift as cx, cell_y(c.lat_e7) >> :shift as cy,
           case when c.closed_at is not null then 3 when c.next_due_at < :now then 0 when c.next_due_at <= :soon then 1 else 2 end as mark
    from (
        select c.* from asked_office(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
        where :facet::text is null or (c.closed_at is null and (:states::text[] is null or :states::text[] && :open::text[]))
        union all
        select c.* from asked_handled(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
        union all
        select c.* from asked_others(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
    ) c
    where abs(c.lat_e7) < 850000000
),
summed as (
    select cx, cy, district_id, street_id, community_id, grid_id, state, late, n, lon_e7, lat_e7, high, low
    from closed_cells where facet = :facet
    union all
    select cx, cy, district_id, street_id, community_id, grid_id, state, late, n, lon_e7, lat_e7, high, low
    from closed_moves where :facet in ('', 'c:' || category, 's:' || source, 'h:' || handler_id)
),
counted as (
    select cx, cy, count(*) as n, count(*) filter (where mark = 0) as overdue, count(*) filter (where mark = 1) as soon,
           count(*) filter (where mark = 2) as ontime, count(*) filter (where mark = 3) as closed,
           sum(lon_e7) as lon, sum(lat_e7) as lat, min(number collate "C") as number, null::bigint as high, null::bigint as low
    from seen
    where cx between :x * 8 and :x * 8 + 7 and cy between :y * 8 and :y * 8 + 7
    group by cx, cy
    union all
    select cx >> :shift, cy >> :shift, n, 0, 0, 0, n, lon_e7, lat_e7, null, high, low
    from summed k
    where district_id = :home and cx between (:x * 8) << :shift and ((:x * 8 + 8) << :shift) - 1
      and cy between (:y * 8) << :shift and ((:y * 8 + 8) << :shift) - 1
      and coalesce(:district::bigint, :street::bigint, :community::bigint, (:grids::bigint[])[1]) is not null
      and (:street::bigint is null or street_id = :street) and (:community::bigint is null or community_id = :community)
      and (:grids::bigint[] is null or grid_id = any (:grids::bigint[]))
      and (:states::text[] is null or state = any (:states::text[]))
      and (:in_street::bigint is null or street_id = :in_street) and (:in_community::bigint is null or community_id = :in_community)
      and (:in_grid::bigint is null or grid_id = :in_grid) and (:outside::boolean is null or (street_id = 0) = :outside)
      and (:overdue::boolean is null or late = :overdue)
),
mine as (
    select cell.*, cell_west(cx << :shift) as west, cell_west((cx + 1) << :shift) - 1 as east,
           cell_north(cy << :shift) as north, cell_north((cy + 1) << :shift) + 1 as south,
           coalesce((select k.case_id from case_keys k where k.number = cell.number),
                            case when cell.count = 1 then (lpad(to_hex(high), 16, '0') || lpad(to_hex(low), 16, '0'))::uuid end) as case_id,
           st_asmvtgeom(st_transform(st_setsrid(st_makepoint(lon, lat), 4326), 3857),
                        st_tileenvelope(:z, :x, :y), 4096, 0, false) as shape
    from (
        select cx, cy, sum(n)::bigint as count, sum(overdue)::bigint as overdue, sum(soon)::bigint as soon, sum(ontime)::bigint as ontime,
               sum(closed)::bigint as closed, sum(lon) / sum(n) / 1e7 as lon, sum(lat) / sum(n) / 1e7 as lat,
               min(number) as number, bit_xor(high) as high, bit_xor(low) as low
        from counted group by cx, cy having sum(n) > 0
    ) cell
)
select coalesce((select st_asmvt(t, 'clusters', 4096, 'shape') from (
                    select count, overdue, soon, ontime, closed, west, south, east, north, shape from mine where count > 1) t), '')
    || coalesce((select st_asmvt(t, 'cases', 4096, 'shape') from (
                    select c.number, c.title, c.state, c.severity, m.shape, to_char(c.next_due_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as due,
                           case when m.overdue > 0 then 'overdue' when m.soon > 0 then 'soon' when m.closed > 0 then 'closed' else 'ontime' end as status
                    from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
                    join mine m on m.case_id = c.id
                    where c.id = any (array(select case_id from mine where count = 1)) and m.count = 1) t), '');

-- name: sum_closed$
select sum_closed(:most);

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
        :start::timestamptz, :until::timestamptz, :q, :box_west::float8, :box_south::float8, :box_east::float8, :box_north::float8) c
    where c.place && st_expand(st_makeenvelope(:west, :south, :east, :north, 4326), (:east - :west) / 16) and abs(c.lat_e7) < 850000000
    order by (c.state = any (:open)) desc, c.next_due_at nulls last
    limit :most
) t where shape is not null;

-- name: facilities_tile^
-- What stands in some layers, at most :most in one tile, and how many of each layer: whole streets of lamps are asked for
-- from zoom 14 on.
with bounds as (
    select st_tileenvelope(:z, :x, :y) as tile,
           st_expand(st_makeenvelope(:west, :south, :east, :north, 4326), (:east - :west) / 32) as around
),
drawn as (
    select s.code, s.name, s.layer, st_asmvtgeom(st_transform(s.geom, 3857), s.tile, 4096, 64, true) as shape
    from (
        select f.code, f.name, l.code as layer, f.geom, b.tile
        from bounds b
        join layers l on l.id = any (:layers::bigint[])
        join facilities f on f.layer_id = l.id and f.active and f.geom && b.around
        limit :most
    ) s
)
select coalesce(st_asmvt(t, 'facilities', 4096, 'shape'), '') as tile,
       (select coalesce(jsonb_object_agg(c.layer, c.sent), '{}')
        from (select d.layer, count(*) as sent from drawn d where d.shape is not null group by d.layer) c) as sent
from drawn t where t.shape is not null;
