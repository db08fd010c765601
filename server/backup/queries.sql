-- name: what_is_there^
-- The name of this transaction's snapshot, and what it holds.
select pg_export_snapshot() as snapshot, e.epoch, current_setting('server_version') as postgres,
    (select array_agg(m.name order by m.name) from migrations m) as migrations,
    (select count(*) from cases) as cases,
    (select count(*) from pg_tables where schemaname = 'public' and tablename <> 'spatial_ref_sys') as tables
from epoch e;

-- name: blobs
select sha256, bytes from originals order by sha256;

-- name: relations_of_ours$
-- How many tables, views and sequences stand in the database that no extension brought.
select count(*) from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');

-- name: cases_there$
select count(*) from cases;

-- name: begin_epoch!
-- Tablets may have followed the log further than the backup goes.
update epoch set epoch = gen_random_uuid();

-- name: skip_numbers!
-- Numbers that were given out after the backup stand on slips and in letters: no other case may get one of them.
select setval('case_numbers', (select last_value from case_numbers) + :spare);

-- name: end_sessions!
delete from web_sessions;

-- name: mark_missing!
with papers_too as (
    update papers set damaged_at = coalesce(damaged_at, :now) where sha256 = any (:missing::text[])
)
update blobs set damaged_at = coalesce(damaged_at, :now) where sha256 = any (:missing::text[]);
