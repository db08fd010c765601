-- name: layers_of
-- The layers of a district that a role may see (every one for whom keeps them: role null).
select l.id, l.code, l.name, l.kind, l.category_system, l.category_code, l.readers, l.on_tablets, l.source_name, l.loaded_at,
       l.loads, (select count(*) from facilities f where f.layer_id = l.id and f.active) as facilities,
       (select count(*) from facilities f where f.layer_id = l.id and f.active and f.grid_id is null) as outside
from layers l
where l.district_id = :district and (:role::text is null or :role = any (l.readers))
order by l.code collate "C";

-- name: tablets_of
-- How many tablets in use carry each layer: their persons have a role now that may see it.
select l.id, count(distinct d.id) as tablets
from layers l
join organisations o on o.district_id = l.district_id
join memberships m on m.organisation_id = o.id and m.role = any (l.readers) and coalesce(m.valid_to > :now::timestamptz, true)
join devices d on d.person_id = m.person_id and d.state = 'active'
where l.district_id = :district and l.on_tablets
group by l.id;

-- name: layer^
select l.id, l.code, l.name, l.kind, l.category_system, l.category_code, l.readers, l.on_tablets, l.loads, l.loaded_at,
       l.source_sha256
from layers l
where l.district_id = :district and l.code = :code and (:role::text is null or :role = any (l.readers));

-- name: put_layer$
insert into layers (district_id, code, name, kind, category_system, category_code, readers, on_tablets, source_name,
                    source_sha256, loaded_at, loads)
values (:district, :code, :name, :kind, :system, :category, :readers, :on_tablets, :source_name, :sha256, :now, 1)
on conflict on constraint layers_code_key do update
set name = excluded.name, category_system = excluded.category_system, category_code = excluded.category_code,
    source_name = excluded.source_name, source_sha256 = excluded.source_sha256, loaded_at = excluded.loaded_at,
    loads = layers.loads + 1
returning id;

-- name: set_layer!
update layers set readers = :readers, on_tablets = :on_tablets where id = :layer;

-- name: log_layer!
-- Tablets learn that their package is another one.
select log_change(:district, 'grid', :code);

-- name: put_facilities
-- What is new or differs from what is stored; one row for each that changed, `added` when it was not there.
insert into facilities (layer_id, code, name, properties, geom, place, grid_id, status, active, changed_at)
select :layer, t.code, t.name, t.properties::jsonb, st_geomfromwkb(t.shape, 4326), st_setsrid(st_makepoint(t.lon, t.lat), 4326),
       t.grid_id, t.status, true, :now
from unnest(:codes::text[], :names::text[], :properties::text[], :shapes::bytea[], :lons::float8[], :lats::float8[],
            :grids::bigint[], :statuses::text[]) as t (code, name, properties, shape, lon, lat, grid_id, status)
on conflict on constraint facilities_code_key do update
set name = excluded.name, properties = excluded.properties, geom = excluded.geom, place = excluded.place,
    grid_id = excluded.grid_id, status = excluded.status, active = true, changed_at = excluded.changed_at
where (facilities.name, facilities.properties, st_asbinary(facilities.geom), facilities.grid_id, facilities.status, facilities.active)
      is distinct from (excluded.name, excluded.properties, st_asbinary(excluded.geom), excluded.grid_id, excluded.status, true)
returning code, xmax = 0 as added;

-- name: retire_missing
update facilities set active = false, changed_at = :now
where layer_id = :layer and active and code <> all (:codes::text[])
returning code;

-- name: tied_again
-- Where the facilities of a district stand, for tying them to new boundaries.
select f.id, st_x(f.place) as lon, st_y(f.place) as lat
from facilities f join layers l on l.id = f.layer_id
where l.district_id = :district and f.active and f.id > :after
order by f.id limit :limit;

-- name: tie!
update facilities f set grid_id = t.grid_id, status = t.status, changed_at = :now
from unnest(:ids::bigint[], :grids::bigint[], :statuses::text[]) as t (id, grid_id, status)
where f.id = t.id and (f.grid_id, f.status) is distinct from (t.grid_id, t.status);

-- name: page
select f.code, f.name, f.properties, st_asgeojson(f.geom, 7) as shape, f.status, f.changed_at, g.code as grid_code, g.name as grid_name
from facilities f left join grids g on g.current and g.node_id = f.grid_id
where f.layer_id = :layer and f.active
  and (:grid::bigint is null or f.grid_id = :grid)
  and (:west::float8 is null or f.geom && st_makeenvelope(:west, :south, :east, :north, 4326))
  and (:after::text is null or f.code collate "C" > :after)
order by f.code collate "C" limit :limit;

-- name: one^
select f.code, f.name, f.properties, st_asgeojson(f.geom, 7) as shape, f.status, f.changed_at, g.code as grid_code, g.name as grid_name
from facilities f left join grids g on g.current and g.node_id = f.grid_id
where f.layer_id = :layer and f.active and f.code = :code;

-- name: near
-- The nearest of each layer by the index (metres on the sphere), then all of them by metres on the ellipsoid.
select n.*
from unnest(:layers::bigint[]) as l (id)
cross join lateral (
    select f.layer_id, f.code, f.name, f.properties, st_asgeojson(f.geom, 7) as shape, f.status, f.changed_at,
           g.code as grid_code, g.name as grid_name, st_distance(f.place::geography, p.here) as distance_m
    from (select st_setsrid(st_makepoint(:lon, :lat), 4326)::geography as here) p
    cross join lateral (
        select * from facilities f
        where f.active and f.layer_id = l.id and st_dwithin(f.place::geography, p.here, :radius)
        order by f.place::geography <-> p.here
        limit :limit
    ) f
    left join grids g on g.current and g.node_id = f.grid_id
) n
order by n.distance_m, n.code collate "C"
limit :limit;

-- name: opened
-- Adds what went out to the person's hour of each layer; the layers whose first opening in this hour it is.
insert into layer_openings as o (layer_id, person_id, hour, organisation_id, sent, told)
select t.layer, :person, date_trunc('hour', :now::timestamptz), :organisation, t.sent, t.sent
from unnest(:layers::bigint[], :sent::integer[]) as t (layer, sent)
on conflict on constraint layer_openings_pkey do update set sent = o.sent + excluded.sent
returning layer_id, xmax = 0 as first;

-- name: untold
-- What went out in hours that are over and stands in no row yet: index layer_openings_untold_idx (hour).
update layer_openings o set told = u.sent
from (
    select o.layer_id, o.person_id, o.hour, o.sent, o.told, l.code, l.district_id
    from layer_openings o join layers l on l.id = o.layer_id
    where o.sent > o.told and o.hour < date_trunc('hour', :now::timestamptz)
    order by o.hour, o.person_id, o.layer_id limit :limit
) u
where (o.layer_id, o.person_id, o.hour) = (u.layer_id, u.person_id, u.hour)
returning o.person_id, o.organisation_id, o.hour, u.code, u.district_id, u.sent - u.told as rows;

-- name: forget_openings!
-- Hours that no opening can fall into any more.
delete from layer_openings where hour < :before::timestamptz and sent = told;
