-- name: told^
-- What the outside said last of a case, locked, so that two repeats at once are told apart one after the other.
select told from outside_told where case_id = :case_id for update;

-- name: keep!
insert into outside_told (case_id, told) values (:case_id, :told::jsonb)
on conflict on constraint outside_told_pkey do update set told = excluded.told;
