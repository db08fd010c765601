-- name: knock$
-- One knock more in this window; how many there were. Primary key.
insert into knocks (door, who, since, count) values (:door, :who, :since, 1)
on conflict (door, who, since) do update set count = knocks.count + 1 returning count;

-- name: forget_knocks!
delete from knocks where since < :before;

-- name: names_of_nodes
-- Names in the boundaries of today.
select g.node_id, g.code, g.name, g.level from grids g where g.current and g.node_id = any (:nodes::bigint[]);

-- name: district^
-- Name, local time and the telephone under which the centre is reached.
select d.id, d.code, coalesce(g.name, d.name) as name, d.timezone,
    (select o.phone from organisations o where o.district_id = d.id and o.kind = 'centre' and o.active order by o.id limit 1) as phone
from districts d left join grids g on g.node_id = d.id and g.current where d.id = :id;

-- name: phone_of$
select phone from organisations where id = :id;

-- name: story
-- What happened to the one case that a link opened: acts and offices, and the words that were meant for its reporter.
-- Persons are not read at all.
select e.n, e.action, e.from_state, e.to_state, e.acted_at, e.organisation, e.body,
    case when e.action in ('ask', 'decline', 'reply', 'forward') then t.body end as private
from case_events e left join event_private t on (t.case_id, t.n) = (e.case_id, e.n)
where e.case_id = :case_id order by e.n;

-- name: names_of_organisations
select id, name from organisations where id = any (:ids::bigint[]);

-- name: cycle^
-- The present life of the one case that a link opened, with the two clocks that concern those outside.
select y.rating, y.replied_at, r.due_at as reply_due_at, r.stopped_at as reply_stopped_at, h.due_at as handle_due_at
from cycles y
left join deadlines r on (r.case_id, r.cycle, r.kind) = (y.case_id, y.n, 'reply')
left join deadlines h on (h.case_id, h.cycle, h.kind) = (y.case_id, y.n, 'handle')
where (y.case_id, y.n) = (:case_id, :n);

-- name: photos
-- Photos of the one case that a link opened, which have arrived and are sound.
select a.id, a.sha256, a.stage, a.made_at from attachments a join blobs b on b.sha256 = a.sha256
where a.case_id = :case_id and a.stage = any (:stages::text[]) and b.damaged_at is null order by a.made_at, a.id;

-- name: districts
select d.id, d.code, coalesce(g.name, d.name) as name from districts d left join grids g on g.node_id = d.id and g.current order by d.id;

-- name: streets
-- All streets of today, by district and code.
select d.code as district, d.id as district_id, g.code, g.name
from grids g join grid_nodes n on n.id = g.node_id join districts d on d.id = n.district_id
where g.current and g.level = 1 order by d.id, g.code;

-- name: street^
select g.node_id as id, g.code, g.name, d.id as district_id, d.code as district, d.timezone
from grids g join grid_nodes n on n.id = g.node_id join districts d on d.id = n.district_id
where g.current and g.level = 1 and g.code = :code and (:district::text is null or d.code = :district)
order by d.id limit 1;

-- name: published
-- Closed cases of a street, newest first: a range of cases_published_idx. Neither number nor place nor words are read.
select c.id, c.category_system, c.category_code, c.community_id, c.reported_at, c.closed_at, c.close_kind
from cases c
where c.state = 'closed' and c.street_id = :street and c.closed_at >= :since
  and c.category_system || '/' || c.category_code = any (:categories::text[])
  and (:after_at::timestamptz is null or (c.closed_at, c.id) < (:after_at::timestamptz, :after_id::uuid))
order by c.closed_at desc, c.id desc limit :limit;

-- name: put_phone!
update organisations set phone = :phone where district_id = :district_id and code = :code;
