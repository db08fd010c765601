-- name: put^
-- The same bytes of the same person are the same photo until it is named on a case.
insert into sent_photos (id, person_id, sha256, sent_at, expires_at)
values (:id, :person_id, :sha256, :now, :expires_at)
on conflict on constraint sent_photos_once do update set expires_at = excluded.expires_at
returning id, expires_at;

-- name: waiting$
select count(*) from sent_photos where person_id = :person_id and expires_at > :now;

-- name: named
select s.id, s.sha256, b.bytes, b.mime from sent_photos s join blobs b on b.sha256 = s.sha256
where s.id = any (:ids::uuid[]) and s.person_id = :person_id
union all
-- Named before: a repeat of the same request must find the same.
select a.id, a.sha256, a.bytes, a.mime from attachments a where a.id = any (:ids::uuid[]) and a.person_id = :person_id;

-- name: forget!
delete from sent_photos where id = any (:ids::uuid[]);

-- name: expired
delete from sent_photos where expires_at < :now returning sha256;

-- name: drop_blob$
-- Bytes that no case has and nobody waits for.
delete from blobs b where b.sha256 = :sha256
  and not exists (select from attachments a where a.sha256 = b.sha256)
  and not exists (select from sent_photos s where s.sha256 = b.sha256)
  and not exists (select from uploads u where u.sha256 = b.sha256)
returning b.sha256;
