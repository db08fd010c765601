-- name: districts
select id, code, name, timezone from districts order by code;

-- name: known
-- The cases that outside numbers already have, the hash of the row that a file brought last of each, and whether
-- nobody but files did anything with it. Unique index of case_keys, then primary key ranges of cases and case_events,
-- then the primary keys of commands and outside_told.
select k.external_id, k.case_id, c.version, c.district_id, coalesce(t.told ->> 'row', last.body_hash) as body_hash,
    not exists (select from case_events e where e.case_id = k.case_id and e.action <> all (:beside::text[])) as history
from case_keys k
join cases c on c.id = k.case_id
left join outside_told t on t.case_id = k.case_id
left join lateral (
    select m.body_hash from case_events e join commands m on m.command_id = e.command_id
    where e.case_id = k.case_id and e.action = 'record' order by e.n desc limit 1
) last on true
where k.source = :source and k.external_id = any (:external_ids);

-- name: outside$
select count(*) from cases where id = any (:ids::uuid[]) and street_id is null;
