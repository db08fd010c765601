-- name: keep_version$
-- The id of this content of a pack; stored the first time it is seen.
with added as (
    insert into pack_versions (code, sha256, body) values (:code, :sha256, :body) on conflict do nothing returning id
)
select id from added
union all
select id from pack_versions where code = :code and sha256 = :sha256
limit 1;

-- name: ship$
-- Makes a version the one that the program brings; its code when it was another before.
insert into shipped_packs as s (code, version_id) values (:code, :version_id)
on conflict on constraint shipped_packs_pkey
    do update set version_id = excluded.version_id, kept_at = clock_timestamp() where s.version_id <> excluded.version_id
returning code;

-- name: tell_followers
-- Tells the tablets of the districts that follow the program's pack.
select log_change(d.id, 'pack', :code, :version_id::int) from districts d
where d.pack = :code and (
    select p.version_id from district_packs p where p.district_id = d.id order by p.id desc limit 1
) is null;

-- name: tell
select log_change(:district_id, 'pack', :code, :version_id::int);

-- name: current_version^
select id, sha256 from pack_in_force(:district_id);

-- name: body^
select body::text as body from pack_versions where id = :version_id;

-- name: version^
select id, sha256 from pack_versions where id = :version_id;

-- name: put!
insert into district_packs (district_id, version_id, code, file, put_at, put_by)
values (:district_id, :version_id, :code, :file, :now, :put_by);

-- name: follow!
update districts set pack = :code where id = :district_id;

-- name: shipped
-- The packs that came with the program, with their names in each language.
select s.code, v.body -> 'name' as names from shipped_packs s join pack_versions v on v.id = s.version_id order by s.code;

-- name: district_of_code$
select id from districts where code = :code;

-- name: district_codes
select code from districts order by code;

-- name: history
-- What the district put in force, newest first.
select p.id, p.version_id, p.code, p.file, p.put_at, n.name as put_by
from district_packs p left join people_private n on n.person_id = p.put_by
where p.district_id = :district_id and (:before::bigint is null or p.id < :before)
order by p.id desc limit :limit;
