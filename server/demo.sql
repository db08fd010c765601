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

-- name: any_case$
select exists (select from cases c join districts d on d.id = c.district_id where d.code = '510199');

-- name: people_by_login
select id, login from people;

-- name: crew_logins
select o.code, min(p.login) as login from organisations o
join memberships m on m.organisation_id = o.id join people p on p.id = m.person_id
where o.kind = 'crew' group by o.code;

-- name: demo_grids
select g.node_id, st_x(g.inside) as lon, st_y(g.inside) as lat, st_xmax(g.geom) - st_xmin(g.geom) as width,
    st_ymax(g.geom) - st_ymin(g.geom) as height
from grids g join districts d on d.current_version = g.version_id where d.code = '510199' and g.level = 3;
