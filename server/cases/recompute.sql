-- name: open_cases
-- The next open cases of a district, in order of id. Only open ones are read: cases_district_due_idx.
with open as materialized (select id from cases where district_id = :district and closed_at is null)
select id from open where id > :after order by id limit :limit;
