-- name: stored_answers
-- What was answered to commands that came before. Primary key.
select c.command_id, c.body_hash, c.outcome, c.case_id, c.code, c.params, c.version, k.number
from commands c left join case_keys k on k.case_id = c.case_id where c.command_id = any (:ids::uuid[]);

-- name: keep_forged!
insert into forged_commands (command_id, received_at, device_id, person_id, body_hash, payload)
values (:command_id, :now, :device_id, :person_id, :body_hash, :payload) on conflict do nothing;

-- name: lock_cases
-- The cases of a batch, locked in id order so that two batches never wait for each other in a ring.
select c.id, c.number, c.pack_version, c.category_system, c.category_code, c.place_status, c.district_id, c.holder_id, c.source,
    c.reported_at, c.received_at, c.changed_at, c.acted_at, c.state, c.version, c.moved_version, c.cycle, c.category_text,
    c.condition, c.severity, c.title, c.description, c.lon_e7, c.lat_e7, c.accuracy_m, c.crs_source, c.place_candidates,
    c.street_id, c.community_id, c.grid_id, c.boundary_version, c.handler_id, c.reporter_id, c.flags,
    c.helpers, c.dispatchers, c.holder_level, c.parent_id, c.survivor_id, c.payer, c.form, c.external_id, c.tags, c.self_handled, c.due_at, c.due_provisional, c.next_due_at, c.next_clock,
    c.closed_at, c.close_kind, c.last_hash,
    (select count(*) from attachments a where a.case_id = c.id and a.stage = 'after' and a.arrived_at is null
        and not exists (select from refused_pictures r where r.sha256 = a.sha256)) as photos_waiting
from cases c where c.id = any (:ids::uuid[]) order by c.id for update of c;

-- name: present_cycles
select y.* from cycles y join cases c on (c.id, c.cycle) = (y.case_id, y.n) where c.id = any (:ids::uuid[]);

-- name: present_clocks
select d.* from deadlines d join cases c on (c.id, c.cycle) = (d.case_id, d.cycle) where c.id = any (:ids::uuid[]);

-- name: districts
select d.id, d.code, d.name, d.timezone, k.stamp from districts d left join calendars k on k.district_id = d.id order by d.id;

-- name: take_numbers
select nextval('case_numbers') as n from generate_series(1, :count);

-- name: offices
-- The office of each node (one a node; the oldest where several stand) and whether anybody works there now.
select distinct on (o.grid_id) o.grid_id, o.id, o.code, o.name,
    exists (select from memberships m where m.organisation_id = o.id and m.valid_from <= :now
            and (m.valid_to is null or m.valid_to > :now)) as staffed
from organisations o
where o.grid_id = any (:nodes::bigint[]) and o.kind in ('centre', 'street', 'community') and o.active order by o.grid_id, o.id;

-- name: organisations
-- The organisations that a batch names, by code or because somebody of them acts.
select id, district_id, code, name, kind, categories, grid_id from organisations
where active and (code = any (:codes::text[]) or id = any (:ids::bigint[]));

-- name: others
-- Cases that are named as the survivors of a merger. Primary key of case_keys.
select k.number, c.id, c.state, c.district_id, c.survivor_id
from case_keys k join cases c on c.id = k.case_id where k.number = any (:numbers::text[]);

-- name: parents_without_open_parts
-- Split cases among these of which no part is open any more.
select p.id, p.version from cases p where p.id = any (:ids::uuid[]) and p.state = 'split'
  and not exists (select from cases c where c.parent_id = p.id and c.closed_at is null);

-- name: open_parts
select c.id, c.version, c.parent_id from cases c where c.parent_id = any (:ids::uuid[]) and c.closed_at is null order by c.id;

-- name: merged_into
-- Cases whose reporters are owed the answer of these survivors.
select c.id, c.version, c.survivor_id from cases c where c.survivor_id = any (:ids::uuid[]) and c.state = 'merged' order by c.id;
