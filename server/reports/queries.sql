-- name: counts
-- Numerator and denominator a key. Plan read at 1,000,000 cycles (one district's year, PostgreSQL 15): the functions
-- fold away and an index-only range of cycles_due_idx (reported: cycles_opened_idx) is left, 51 ms a month, 0.7 s the
-- whole year; category and rework also read the rows (0.2 s a month). A viewer below the district adds one hashed
-- range of the cases in his scope (a street of eight: 0.2 s a month); a crew 37 ms.
select
    case :by when 'street' then k.street_id when 'community' then k.community_id when 'grid' then k.grid_id
        when 'crew' then k.handler_id end as node,
    case :by when 'category' then k.category_system || '/' || k.category_code when 'day' then
        (case :basis when 'due' then k.due_at when 'reported' then k.opened_at else k.handle_due_at end at time zone :timezone)::date::text
        end as word,
    count(*) filter (where cycle_is(k, :numerator, :as_of::timestamptz)) as numerator,
    count(*) as denominator
from counted_for(:home, :basis, :since::timestamptz, :until::timestamptz, :as_of::timestamptz, :denominator,
    :level, :node, :outside, :system, :code, :handler, :undispatched,
    :district, :street, :community, :grids, :organisation, :person) k
group by 1, 2;

-- name: district^
-- A district, its local time, and the name of its present boundaries' root.
select d.id, d.code, d.name, d.timezone from districts d where d.id = :district;

-- name: node^
-- A node of the district by its code (primary index range on district and code).
select n.id, n.level from grid_nodes n where n.district_id = :district and n.code = :code;

-- name: places
-- The nodes of one level in today's boundaries, within the subtree of `roots`; a root below that level gives its
-- ancestor there. Each node is looked up by its key: a few hundred in all.
with recursive roots as (
    select g.* from grids g where g.current and g.node_id = any (:roots::bigint[])
), below as (
    select r.node_id, r.version_id, r.level, r.code, r.name from roots r
    union
    select g.node_id, g.version_id, g.level, g.code, g.name
    from grids g join below b on g.current and g.parent_id = b.node_id where b.level < :level
), above as (
    select r.node_id, r.parent_id, r.level, r.code, r.name from roots r where r.level > :level
    union
    select g.node_id, g.parent_id, g.level, g.code, g.name
    from grids g join above a on g.current and g.node_id = a.parent_id where a.level > :level
)
select node_id as id, code, name from below where level = :level
union
select node_id, code, name from above where level = :level
order by code;

-- name: former_places
-- Nodes that today's boundaries no longer have, under their last name.
select distinct on (n.id) n.id, n.code, g.name
from grid_nodes n join grids g on g.node_id = n.id
where n.id = any (:ids::bigint[]) order by n.id, g.version_id desc;

-- name: crews
select id, code, name from organisations where id = any (:ids::bigint[]);

-- name: crew^
select id from organisations where district_id = :district and code = :code;
