-- name: lock_access_log!
-- One row at a time: each holds the hash of the one before.
select pg_advisory_xact_lock(:key);

-- name: last_row^
select n, hash from access_log order by n desc limit 1;

-- name: hash_of_row$
select hash from access_log where n = :n;

-- name: add_row!
insert into access_log (n, at, what, person_id, organisation_id, district_id, address, case_id, subject_id, reason, filter, rows,
    prev_hash, hash)
values (:n, :at, :what, :person_id, :organisation_id, :district_id, :address, :case_id, :subject_id, :reason, :filter, :rows,
    :prev_hash, :hash);

-- name: rows_after
-- For the proof: all columns in order of the key.
select n, at, what, person_id, organisation_id, district_id, address, case_id::text, subject_id, reason, filter, rows, prev_hash,
    hash from access_log where n > :after order by n limit :limit;

-- name: page
-- Newest first, of the reader's district; what was read is told by number and login, never by its content.
select a.n, a.at, a.what, p.login, o.name as organisation, a.address, k.number, s.login as subject, a.reason, a.filter, a.rows
from access_log a
left join people p on p.id = a.person_id
left join organisations o on o.id = a.organisation_id
left join case_keys k on k.case_id = a.case_id
left join people s on s.id = a.subject_id
where a.district_id = :district
  and (:before::bigint is null or a.n < :before)
  and (:what::text is null or a.what = :what)
  and (:login::text is null or p.login = :login)
  and (:since::text is null or a.at >= :since) and (:until::text is null or a.at < :until)
order by a.n desc limit :limit;
