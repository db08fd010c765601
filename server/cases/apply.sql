-- name: load_batch$
-- What a batch of commands needs to know, in one reading: stored answers, locked cases with cycle and clocks, the places of
-- what arrives with numbers for new cases, offices, districts with their packs, the organisations that are named.
select load_batch(:commands::uuid[], :cases::uuid[], :now, :arriving::uuid[], :lons::float8[], :lats::float8[],
    :reaches::float8[], :easts::float8[], :norths::float8[], :districts::bigint[], :codes::text[], :organisations::bigint[]);

-- name: keep_forged!
insert into forged_commands (command_id, received_at, device_id, person_id, body_hash, payload)
values (:command_id, :now, :device_id, :person_id, :body_hash, :payload) on conflict do nothing;

-- name: keep_holds!
-- Acts that wait for a person: who decides, and until when.
insert into holds (command_id, case_id, district_id, reason, seen_version, now_version, created_at, device_id, depends_on, offset_ms,
    decides_id, due_at)
select t.command_id, t.case_id, t.district_id, t.reason, t.seen_version, t.now_version, t.created_at, t.device_id, t.depends_on, t.offset_ms,
    decider_of(t.district_id, c.street_id, coalesce(c.holder_level, 0), t.created_at), t.created_at + interval '24 hours'
from jsonb_to_recordset(:holds::jsonb) as t (command_id uuid, case_id uuid, district_id bigint, reason text, seen_version integer,
    now_version integer, created_at timestamptz, device_id uuid, depends_on uuid, offset_ms bigint)
left join cases c on c.id = t.case_id;

-- name: fields_since
-- The fields that events behind a version changed.
select distinct f.key as field from case_events e cross join lateral jsonb_object_keys(e.body::jsonb -> 'fields') f (key)
where e.case_id = :case_id and e.n > :version;

-- name: photos_known
-- Ids of photos that stand on a case already, with the command that put them there. Primary key.
select id, command_id from attachments where id = any (:ids::uuid[]);

-- name: stages_of
-- The stages that photos of a case show.
select distinct stage from attachments where case_id = :case_id;

-- name: offices
-- Those of places that are named by a code, which the reading cannot know.
select grid_id, id, code, name, staffed from offices_at(:nodes::bigint[], :now);

-- name: survivors
-- The cases that others are to be merged into. Primary key of case_keys.
select number, case_id from case_keys where number = any (:numbers::text[]);

-- name: parents_without_open_parts
-- Split cases among these of which no part is open any more, nor another case in which a part goes on that was merged,
-- with those who sent a part of this cycle to somebody.
select p.id, p.version, array(
        select distinct by::text from cases c, unnest(c.dispatchers) by
        where c.parent_id = p.id and c.received_at >= y.opened_at order by 1) as dispatchers
from cases p join cycles y on (y.case_id, y.n) = (p.id, p.cycle) where p.id = any (:ids::uuid[]) and p.state = 'split'
  and not exists (
    with recursive onward as (
        select c.id, c.state, c.survivor_id, c.closed_at from cases c where c.parent_id = p.id
        union
        select c.id, c.state, c.survivor_id, c.closed_at from onward o join cases c on c.id = o.survivor_id where o.state = 'merged'
    )
    select from onward where closed_at is null and id <> p.id);

-- name: node_code$
select code from grid_nodes where id = :id;

-- name: open_parts
select c.id, c.version, c.parent_id from cases c where c.parent_id = any (:ids::uuid[]) and c.closed_at is null order by c.id;

-- name: followers
-- Cases that were merged into these, and those that were merged into them before: all wait for the same answer.
with recursive followers as (
    select c.id, c.survivor_id as root from cases c where c.survivor_id = any (:ids::uuid[]) and c.state = 'merged'
    union
    select c.id, f.root from cases c join followers f on c.survivor_id = f.id where c.state = 'merged'
)
select id, root from followers order by id;

-- name: ended_with$
-- When the case ended in which a merged one goes on, or that one in which it goes on itself; null while that is open.
with recursive onward as (
    select c.id, c.state, c.survivor_id, c.closed_at from cases c where c.id = :id
    union
    select c.id, c.state, c.survivor_id, c.closed_at from onward o join cases c on c.id = o.survivor_id where o.state = 'merged'
)
select closed_at from onward where state <> 'merged' limit 1;
