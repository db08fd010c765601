-- name: place^
-- The district whose name stands in the bar and whose clock the pages use.
select d.code, g.name, d.timezone
from districts d
left join grids g on g.node_id = d.id and g.current
where d.id = :district_id;

-- name: phone$
-- Under which telephone residents reach the office that holds a case, else the centre.
select coalesce(nullif((select phone from organisations where id = :holder), ''),
    (select phone from organisations where district_id = :district and kind = 'centre' and active order by id limit 1), '');

-- name: set_language!
update people set lang = :lang where id = :person_id;

-- name: places
-- All districts of this installation, for the page before anybody is known.
select d.code, g.name, d.timezone, d.current_version as version
from districts d
left join grids g on g.node_id = d.id and g.current
order by d.id;

-- name: places_in_scope
-- The streets and communities below (or at) the reader's own node, in the order of their codes; none for grids and crews.
with recursive below as (
    select g.version_id, g.node_id, g.code, g.name, g.level
    from grids g where g.current and g.node_id = :root::bigint
    union all
    select g.version_id, g.node_id, g.code, g.name, g.level
    from grids g join below b on (g.version_id, g.parent_id) = (b.version_id, b.node_id)
    where g.level <= case when (select level from grid_nodes where id = :root::bigint) = 0 then 1 else 2 end
)
select code, name from below where level between 1 and 2 order by code;

-- name: crews_of
select code, name from organisations where district_id = :district_id and kind = 'crew' and active order by name;

-- name: extent^
-- West, south, east, north of a node in degrees; nothing where no boundaries were loaded yet.
select st_xmin(e) as west, st_ymin(e) as south, st_xmax(e) as east, st_ymax(e) as north
from (select st_extent(g.geom) as e from grids g where g.current and g.node_id = :root) as t
where e is not null;

-- name: outlines
-- Outlines of a boundary version as SVG paths in metres of Web Mercator, from the district's north-west corner.
with flat as (
    select g.level, g.name, st_transform(g.geom, 3857) as geom, st_transform(g.inside, 3857) as inside
    from grids g where g.version_id = :version
), corner as (
    select st_xmin(st_extent(geom)) as x, st_ymax(st_extent(geom)) as y from flat where level = 0
)
select level, name, st_assvg(st_simplifypreservetopology(st_translate(geom, -corner.x, -corner.y), 2), 1, 0) as path,
    st_xmax(geom) - st_xmin(geom) as width, st_ymax(geom) - st_ymin(geom) as height,
    st_x(inside) - corner.x as x, corner.y - st_y(inside) as y
from flat, corner order by level = 0 desc, level desc, st_x(inside);

-- name: areas
-- All grids below the reader's own node with the way down to each, for naming a place without a point.
with recursive below as (
    select g.version_id, g.node_id, g.code, g.level, case when g.level = 0 then '' else g.name end as path
    from grids g where g.current and g.node_id = :root::bigint
    union all
    select g.version_id, g.node_id, g.code, g.level, case when b.path = '' then g.name else b.path || ' › ' || g.name end
    from grids g join below b on (g.version_id, g.parent_id) = (b.version_id, b.node_id)
)
select code, path from below where level > 0 order by code;

-- name: organisations_of
-- Active organisations of a district of some kinds, for choosing one by its name.
select id, kind, code, name from organisations
where district_id = :district_id and kind = any (:kinds::text[]) and active order by kind, name;
