-- name: counts
-- Numerators and denominators of up to four measures a key, in one reading of the cycles `among`. Plans read at 1,000,000
-- and 10,000,000 cycles (decision 28): the functions fold away and an index-only range of cycles_due_idx (reported:
-- cycles_opened_idx) is left; category, system, handling and dispatch also read the rows; satisfaction and replies have
-- indexes of their own. A viewer below the district adds one hashed range of the cases in his scope.
select
    case :by when 'street' then k.street_id when 'community' then k.community_id when 'grid' then k.grid_id
        when 'crew' then k.handler_id when 'responsible' then coalesce(k.handler_id, k.holder_id) end as node,
    case :by when 'category' then k.category_system || '/' || k.category_code when 'system' then k.category_system
        when 'day' then (case :basis when 'due' then k.due_at when 'reported' then k.opened_at
            when 'handle_due' then k.handle_due_at when 'reply_due' then k.reply_due_at end at time zone :timezone)::date::text
        end as word,
    count(*) filter (where cycle_is(k, :above_0, :as_of::timestamptz)) as above_0,
    count(*) filter (where cycle_is(k, :below_0, :as_of::timestamptz)) as below_0,
    count(*) filter (where cycle_is(k, :above_1, :as_of::timestamptz)) as above_1,
    count(*) filter (where cycle_is(k, :below_1, :as_of::timestamptz)) as below_1,
    count(*) filter (where cycle_is(k, :above_2, :as_of::timestamptz)) as above_2,
    count(*) filter (where cycle_is(k, :below_2, :as_of::timestamptz)) as below_2,
    count(*) filter (where cycle_is(k, :above_3, :as_of::timestamptz)) as above_3,
    count(*) filter (where cycle_is(k, :below_3, :as_of::timestamptz)) as below_3
from counted_for(:home, :basis, :since::timestamptz, :until::timestamptz, :as_of::timestamptz, :among,
    :level, :node, :outside::integer, :system, :code, :handler, :undispatched, :responsible, :unexcused,
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

-- name: organisations
select id, code, name, kind from organisations where id = any (:ids::bigint[]);

-- name: organisation^
select id from organisations where district_id = :district and code = :code;
