-- name: district^
select id, code, name, timezone, current_version from districts where id = :district;

-- name: versions
-- The versions of a district, newest first, by key.
select v.id, v.valid_from, v.loaded_at, v.source_name, v.reroute, v.rerouted_at, v.report, coalesce(pp.name, p.login) as loaded_by,
       v.id = d.current_version as current
from boundary_versions v
join districts d on d.id = v.district_id
left join people p on p.id = v.loaded_by
left join people_private pp on pp.person_id = v.loaded_by
where v.district_id = :district and (:before::bigint is null or v.id < :before)
order by v.id desc limit :limit;

-- name: version^
select v.id, v.source_name from boundary_versions v where v.district_id = :district and v.id = :version;

-- name: add_draft!
insert into boundary_drafts (id, district_id, base_version, kind, made_by, made_at, source_name, content, options, report, ground, state)
values (:id, :district, :base, :kind, :person, :now, :source_name, :content, :options::jsonb, :report::jsonb, :ground::jsonb, :state);

-- name: drafts
select b.id, b.kind, b.made_at, b.source_name, b.state, coalesce(pp.name, p.login) as made_by,
       b.base_version is distinct from d.current_version as stale
from boundary_drafts b
join districts d on d.id = b.district_id
join people p on p.id = b.made_by
left join people_private pp on pp.person_id = b.made_by
where b.district_id = :district and b.state in ('open', 'faulty')
order by b.made_at desc limit 20;

-- name: draft^
select b.id, b.district_id, b.base_version, b.kind, b.made_at, b.source_name, b.options, b.report, b.ground, b.state, b.decided_at,
       b.version_id, coalesce(pp.name, p.login) as made_by, d.current_version
from boundary_drafts b
join districts d on d.id = b.district_id
join people p on p.id = b.made_by
left join people_private pp on pp.person_id = b.made_by
where b.district_id = :district and b.id = :id;

-- name: content^
-- The file of an open draft, locked: two who confirm at once do it once.
select kind, content, source_name, options, base_version, state from boundary_drafts
where district_id = :district and id = :id for update;

-- name: decide!
update boundary_drafts set state = :state, decided_by = :person, decided_at = :now, version_id = :version, content = null
where district_id = :district and id = :id;

-- name: set_loaded!
update boundary_versions set loaded_by = :person, reroute = :reroute where id = :version;

-- name: touched_cases
-- Open cases in scope on ground that changes hands, by giver and taker, with the first numbers. The index on place finds them:
-- what is read grows with the ground, not with the district.
select h.ord, count(*) as cases, trim_array(array_agg(c.number order by c.number collate "C"), greatest(count(*)::integer - 5, 0)) as numbers
from unnest(:grounds::text[]) with ordinality as h (ground, ord)
cross join lateral (select st_setsrid(st_geomfromgeojson(h.ground), 4326) as shape) g
join visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
    on c.place && g.shape and c.closed_at is null and st_intersects(c.place, g.shape)
group by h.ord;

-- name: touched_people
-- People whose area is one of these grids, and crews that serve it, by grid.
select n.code, count(distinct m.person_id) filter (where o.kind <> 'crew') as people,
       count(distinct o.id) filter (where o.kind = 'crew') as crews
from grid_nodes n
left join memberships m on m.grid_id = n.id and (m.valid_to is null or m.valid_to > :now)
left join organisations o on o.active and (o.id = m.organisation_id or (o.grid_id = n.id and o.kind = 'crew'))
where n.district_id = :district and n.code = any (:codes::text[])
group by n.code;

-- name: workload
-- Of each shape: cases in scope that are open, and those reported in the last thirty days.
select h.ord, count(*) filter (where c.closed_at is null) as open, count(*) filter (where c.reported_at > :since::timestamptz) as recent
from unnest(:shapes::text[]) with ordinality as h (shape, ord)
cross join lateral (select st_setsrid(st_geomfromgeojson(h.shape), 4326) as shape) g
join visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
    on c.place && g.shape and (c.closed_at is null or c.reported_at > :since::timestamptz) and st_intersects(c.place, g.shape)
group by h.ord;

-- name: siblings
-- The grids of one community with their shapes, for the page where they are edited.
select g.code, g.name, g.households, g.kind, st_asgeojson(g.geom, 7) as shape
from grids g join grid_nodes n on n.id = g.node_id
where g.current and n.district_id = :district and g.level = 3
  and g.parent_id = (select s.parent_id from grids s join grid_nodes sn on sn.id = s.node_id
                     where s.current and sn.district_id = :district and s.code = :code and s.level = 3)
order by g.code collate "C";
