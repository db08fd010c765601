-- name: lock_anchors!
-- One anchor at a time: its files are written before it is committed.
select pg_advisory_xact_lock(:key);

-- name: last_anchor^
select n, day, made_at, cases, root, access_n, access_hash, previous, hash, seqs from anchors order by n desc limit 1;

-- name: anchored_on$
-- A database without a case has nothing to anchor.
select exists (select from anchors where day = :day) or not exists (select from cases);

-- name: all_anchors
select n, day, made_at, cases, root, access_n, access_hash, previous, hash from anchors order by n;

-- name: first_timezone$
select timezone from districts order by id limit 1;

-- name: counters
-- How far the change log of each district is.
select district_id, seq from change_counter;

-- name: all_heads
select id::text, version, last_hash from cases order by id;

-- name: moved_heads
-- The heads of the cases that the change log names since the anchor before: ranges of its key, then the key of cases.
select c.id::text, c.version, c.last_hash
from (select distinct l.id::uuid as id
      from unnest(:districts::bigint[], :since::bigint[], :until::bigint[]) as d (district_id, since, until)
      join change_log l on l.district_id = d.district_id and l.seq > d.since and l.seq <= d.until
      where l.kind = 'case') as moved
join cases c on c.id = moved.id order by c.id;

-- name: add_anchor!
insert into anchors (n, day, made_at, cases, root, access_n, access_hash, previous, hash, seqs)
values (:n, :day, :made_at, :cases, :root, :access_n, :access_hash, :previous, :hash, :seqs::jsonb);

-- name: heads_that_differ
-- Of anchored heads those whose event is not there, or is another.
select a.case_id::text, a.n, k.number, e.hash
from unnest(:ids::uuid[], :ns::integer[], :hashes::text[]) as a (case_id, n, hash)
left join case_events e on (e.case_id, e.n) = (a.case_id, a.n)
left join case_keys k on k.case_id = a.case_id
where e.hash is distinct from a.hash order by a.case_id;
