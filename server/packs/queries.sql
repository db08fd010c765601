-- name: keep_version^
-- The id of this content of a pack; stored the first time it is seen.
with added as (
    insert into pack_versions (code, sha256, body) values (:code, :sha256, :body) on conflict do nothing returning id
)
select id, true as new from added
union all
select id, false from pack_versions where code = :code and sha256 = :sha256
limit 1;

-- name: current_version^
select v.id, v.sha256 from pack_versions v join districts d on d.pack = v.code
where d.id = :district_id order by v.loaded_at desc, v.id desc limit 1;

-- name: body^
select body::text as body from pack_versions where id = :version_id;

-- name: version^
select id, sha256 from pack_versions where id = :version_id;
