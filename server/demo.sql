-- name: district_id$
select id from districts where code = :code;

-- name: nodes
-- The tree in its current boundaries, upper levels first, with a point inside each node (EPSG:4326).
select g.node_id as id, g.level, g.code, g.name, g.parent_id, st_x(g.inside) as lon, st_y(g.inside) as lat
from grids g join grid_nodes n on n.id = g.node_id
where g.current and n.district_id = :district_id order by g.level, g.code;

-- name: offices
select code, id from organisations where district_id = :district_id;

-- name: logins
select login from people where login = any (:logins::text[]);
