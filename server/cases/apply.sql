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
    c.street_id, c.community_id, c.grid_id, c.boundary_version, c.handler_id, c.helper_id, c.reporter_id, c.dispatched_by,
    c.asked_return, c.external_id, c.tags, c.self_handled, c.due_at, c.due_provisional, c.next_due_at, c.next_clock,
    c.closed_at, c.close_kind, c.last_hash,
    (select count(*) from attachments a where a.case_id = c.id and a.stage = 'after' and a.arrived_at is null) as photos_waiting
from cases c where c.id = any (:ids::uuid[]) order by c.id for update of c;

-- name: present_cycles
select y.* from cycles y join cases c on (c.id, c.cycle) = (y.case_id, y.n) where c.id = any (:ids::uuid[]);

-- name: present_clocks
select d.* from deadlines d join cases c on (c.id, c.cycle) = (d.case_id, d.cycle) where c.id = any (:ids::uuid[]);

-- name: districts
select id, code, name, timezone from districts order by id;

-- name: take_numbers
select nextval('case_numbers') as n from generate_series(1, :count);

-- name: offices
-- The office of each node: one a node; the oldest where several stand.
select distinct on (grid_id) grid_id, id from organisations
where grid_id = any (:nodes::bigint[]) and kind in ('centre', 'street', 'community') and active order by grid_id, id;

-- name: crews
select id, code, name, categories, grid_id from organisations where district_id = :district_id and kind = 'crew' and active;
