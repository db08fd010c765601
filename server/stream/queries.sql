-- name: position^
-- The epoch, how far the district's log goes, and where it begins.
select e.epoch, coalesce((select c.seq from change_counter c where c.district_id = :district_id), 0) as seq,
    coalesce((select min(l.seq) from change_log l where l.district_id = :district_id), 1) as oldest
from epoch e;

-- name: rows_after
-- The next rows of a district's log. Whom each concerns is asked in memory, once for every listener.
select l.seq, l.n, l.kind, l.id, l.scope_before, l.scope_after, l.handlers, l.people
from change_log l
where l.district_id = :district_id and (l.seq, l.n) > (:seq::bigint, :n::integer) and l.kind in ('case', 'message')
order by l.seq, l.n limit :limit;

-- name: numbers
-- Numbers of cases that are told only to those whom a row of the log names.
select id, number from cases where id = any (:ids::uuid[]);
