-- name: buckets
-- Per bucket of a mirror (the last byte of a case's id, which is chance in every id) its count and a hash over its lines.
select right(c.id::text, 2) as bucket, count(*) as count,
    left(encode(sha256(convert_to(string_agg(c.id || ':' || c.version, E'\n' order by c.id), 'UTF8')), 'hex'), 16) as hash
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.closed_at is null or c.closed_at >= :keep_closed_since::timestamptz
group by 1 order by 1;

-- name: of_bucket
select c.id, c.pack_version from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where (c.closed_at is null or c.closed_at >= :keep_closed_since::timestamptz) and right(c.id::text, 2) = :bucket order by c.id;

-- name: count_repair!
-- One part of a mirror that differed from what it should have been: /devices and /metrics show how often.
update devices set repairs = repairs + 1, repaired_at = :now where id = :device_id;
