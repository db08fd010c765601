-- name: keep_blob!
insert into blobs (sha256, bytes, mime, width, height, stored_at) values (:sha256, :bytes, :mime, :width, :height, :now)
on conflict (sha256) do nothing;

-- name: arrive
-- Marks declared evidence with these bytes as arrived; the cases that waited for it.
with arrived as (
    update attachments set arrived_at = :now where sha256 = :sha256 and arrived_at is null returning case_id
)
select distinct c.id as case_id, c.district_id from arrived join cases c on c.id = arrived.case_id;

-- name: tell!
-- The photo is no move of the case, but those who follow it shall fetch it again.
select log_change(c.district_id, 'case', c.id::text, c.version, null, array[c.district_id, c.street_id, c.community_id, c.grid_id],
    array_remove(array[c.handler_id] || c.helpers, null), array_remove(array[c.reporter_id], null))
from cases c where c.id = :case_id;
