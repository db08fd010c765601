-- name: districts
select id, code, name, timezone from districts order by code;

-- name: recorded
-- What was imported last of these cases: the hash of the command of the last `record` event, and the event's number.
-- Primary key ranges of case_events, then the primary key of commands.
select distinct on (e.case_id) e.case_id, e.n, c.body_hash
from case_events e join commands c on c.command_id = e.command_id
where e.case_id = any (:ids::uuid[]) and e.action = 'record'
order by e.case_id, e.n desc;

-- name: outside$
select count(*) from cases where id = any (:ids::uuid[]) and street_id is null;
