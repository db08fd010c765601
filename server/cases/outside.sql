-- name: told^
-- What the outside said last of a case, locked, so that two repeats at once are told apart one after the other.
select told from outside_told where case_id = :case_id for update;

-- name: timezone$
select timezone from districts where id = :district_id;

-- name: case^
-- The case that a row of a file is about, to compare with; `apply` locks it.
select * from cases where id = :id;

-- name: recorded$
-- The last row of a file about a case, as it came; null once it was erased. Primary key ranges.
select m.payload from case_events e join commands m on m.command_id = e.command_id
where e.case_id = :case_id and e.action = 'record' order by e.n desc limit 1;

-- name: photos_known
select id from attachments where id = any (:ids::uuid[]);

-- name: keep!
insert into outside_told (case_id, told) values (:case_id, :told::jsonb)
on conflict on constraint outside_told_pkey do update set told = excluded.told;
