-- name: lock_bytes!
-- Keeping bytes and taking them away wait for each other.
select pg_advisory_xact_lock(hashtextextended(:sha256, 11));

-- name: keep_blob!
insert into blobs (sha256, bytes, mime, width, height, stored_at) values (:sha256, :bytes, :mime, :width, :height, :now)
on conflict (sha256) do nothing;

-- name: mend$
-- The same bytes have come again and were written over an original that had lost its fingerprint.
update blobs set damaged_at = null where sha256 = :sha256 and damaged_at is not null returning sha256;

-- name: arrive
-- Marks declared evidence with these bytes as arrived; the cases that waited for it.
with arrived as (
    update attachments set arrived_at = :now where sha256 = :sha256 and arrived_at is null returning case_id
)
select distinct c.id as case_id, c.district_id from arrived join cases c on c.id = arrived.case_id;

-- name: refuse!
insert into refused_pictures (sha256, code, refused_at) values (:sha256, :code, :now)
on conflict (sha256) do update set code = excluded.code, refused_at = excluded.refused_at;

-- name: refusal_of$
select code from refused_pictures where sha256 = :sha256;

-- name: take_back_refusal!
-- A later version of the server may read what an earlier one could not.
delete from refused_pictures where sha256 = :sha256;

-- name: cases_of
select distinct c.id as case_id, c.district_id from attachments a join cases c on c.id = a.case_id where a.sha256 = :sha256;

-- name: tell!
-- The photo is no move of the case, but those who follow it shall fetch it again.
select log_change(c.district_id, 'case', c.id::text, c.version, null, array[c.district_id, c.street_id, c.community_id, c.grid_id],
    array_remove(array[c.handler_id] || c.helpers, null), array_remove(array[c.reporter_id], null))
from cases c where c.id = :case_id;

-- name: originals_after
-- The next originals in the order of their hashes.
select sha256, bytes, damaged_at from originals where sha256 > :after order by sha256 limit :limit;

-- name: mark!
with papers_too as (update papers set damaged_at = :damaged_at where sha256 = :sha256)
update blobs set damaged_at = :damaged_at where sha256 = :sha256;

-- name: in_documents$
select exists (select from document_pictures where sha256 = :sha256);

-- name: forget_sent!
delete from sent_photos where sha256 = :sha256;

-- name: depart!
-- What has no bytes any more has not arrived.
update attachments set arrived_at = null where sha256 = :sha256;

-- name: drop_original!
delete from blobs where sha256 = :sha256;
