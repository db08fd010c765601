-- name: slice_end^
-- The last id of the next cases after an id, and how many they are.
select max(id::text)::uuid as last, count(*) as cases
from (select id from cases where id > :after order by id limit :limit) as next;

-- name: slice_ends
-- Where the key of cases is cut into slices of a size.
select id from (select id, row_number() over (order by id) as n from cases) as counted where mod(n, :size) = 0 order by id;

-- name: case_id_of^
select case_id from case_keys where number = :number;

-- name: cases_between
-- What the cases of a range of ids say of themselves; the columns that events record are added after closed_at.
select id::text, number, version, state, last_hash, title, description,
    reported_at, due_at, next_due_at, closed_at from cases
where id > :after and id <= :last order by id;

-- name: cycles_between
-- The facts that events record, and where the cycle lies, are added after n.
select case_id::text, n from cycles where case_id > :after and case_id <= :last;

-- name: clocks_between
-- Times as the chain writes them.
select case_id::text, cycle, kind, limit_min, time_kind, granted_min, provisional, escalations,
    to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    to_char(paused_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    to_char(stopped_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    to_char(escalate_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    case when pauses = '{}' then '{}'
         else array(select to_char(p at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from unnest(pauses) p) end
from deadlines
where case_id > :after and case_id <= :last;

-- name: photos_between
select case_id::text, id::text, sha256, stage from attachments where case_id > :after and case_id <= :last;

-- name: links
-- Events of a range of cases in order, with the private text where it was not erased. Primary key range.
select e.case_id::text, e.n, e.cycle, e.command_id::text, e.action, e.from_state, e.to_state, e.actor, e.organisation,
    e.device::text, e.made_at, e.acted_at, e.received_at, e.body, e.prev_hash, e.hash, p.salt, p.body as private
from case_events e left join event_private p on (p.case_id, p.n) = (e.case_id, e.n)
where e.case_id > :after and e.case_id <= :last order by e.case_id, e.n;

-- name: erased_words
select case_id::text, n from erasures where case_id > :after and case_id <= :last and n is not null;

-- name: cases_count$
select count(*) from cases;
