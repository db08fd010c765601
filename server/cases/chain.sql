-- name: case_end^
select id, number, version, state, last_hash from cases where id = :case_id;

-- name: case_ends
select id, number, version, state, last_hash from cases where id > :after order by id limit :limit;

-- name: case_id_of^
select case_id from case_keys where number = :number;

-- name: events_of
-- Events of some cases in order, with the private text where it was not erased. Primary key range a case.
select e.case_id, e.n, e.cycle, e.command_id, e.action, e.from_state, e.to_state, e.actor, e.organisation, e.device,
    e.made_at, e.acted_at, e.received_at, e.body, e.prev_hash, e.hash, p.salt, p.body as private
from case_events e left join event_private p on (p.case_id, p.n) = (e.case_id, e.n)
where e.case_id = any (:case_ids::uuid[]) order by e.case_id, e.n;

-- name: cases_count$
select count(*) from cases;
