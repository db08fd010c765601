-- name: begin^
-- The upload of an attachment by a device: made once, found again by every later creation.
with made as (
    insert into uploads (id, attachment_id, device_id, bytes, sha256, created_at, expires_at)
    values (:id, :attachment_id, :device_id, :bytes, :sha256, :now, :expires_at)
    on conflict on constraint uploads_attachment_key do nothing returning id, sha256, bytes
)
select id, sha256, bytes from made
union all
select id, sha256, bytes from uploads where attachment_id = :attachment_id and device_id = :device_id
limit 1;

-- name: declared_as$
-- The hash with which a command declared an attachment.
select sha256 from attachments where id = :attachment_id;

-- name: one^
select u.id, u.attachment_id, u.bytes, u.offset_bytes, u.sha256, u.expires_at, b.damaged_at is null and b.stored_at is not null as sound
from uploads u left join blobs b on b.sha256 = u.sha256 where u.id = :id and u.device_id = :device_id;

-- name: lock_one^
select u.id, u.attachment_id, u.bytes, u.offset_bytes, u.sha256, u.expires_at, b.damaged_at is null and b.stored_at is not null as sound
from uploads u left join blobs b on b.sha256 = u.sha256 where u.id = :id and u.device_id = :device_id for update of u;

-- name: advance!
update uploads set offset_bytes = :offset, expires_at = :expires_at where id = :id;

-- name: end!
delete from uploads where id = :id;

-- name: expired
delete from uploads where expires_at < :now returning id;

-- name: lock_device^
-- One batch of a device at a time, so that its commands are taken in the order in which it sent them; its counting; the epoch.
select last_seq, seq_gaps, (select epoch from epoch) as epoch from devices where id = :device_id for no key update;

-- name: undecided
-- Which of these wait for a person.
select command_id from holds where command_id = any (:ids::uuid[]) and decided_at is null;

-- name: keep_bad^
-- Keeps a command that cannot be read under its id; the hash that is kept there, which may be of another one.
with kept as (
    insert into commands (command_id, origin, device_id, seq, person_id, kind, case_id, body_hash, received_at, outcome, code, params, payload)
    values (:command_id, 'tablet', :device_id, :seq, :person_id, :kind, :case_id, :body_hash, :now, 'rejected', 'bad_command', :params::jsonb, :payload)
    on conflict (command_id) do nothing returning body_hash
)
select body_hash from kept union all select body_hash from commands where command_id = :command_id limit 1;

-- name: note_seq!
update devices set last_seq = greatest(last_seq, :last_seq), seq_gaps = :seq_gaps::jsonb, seen_at = :now where id = :device_id;

-- name: position_now^
-- The epoch and how far the district's log goes.
select e.epoch, coalesce((select c.seq from change_counter c where c.district_id = :district_id), 0) as seq,
    coalesce((select min(l.seq) from change_log l where l.district_id = :district_id), 1) as oldest
from epoch e;

-- name: log_page
-- The next rows of the district's log, and whether each concerns the viewer: bounded work a call, whatever the scope.
select l.seq, l.n, l.kind, l.id,
    (l.kind not in ('case', 'message') or l.scope_before && :nodes::bigint[] or l.scope_after && :nodes::bigint[]
     or l.handlers && :organisations::bigint[] or l.people && :people::bigint[]) as mine
from change_log l
where l.district_id = :district_id and (l.seq, l.n) > (:seq::bigint, :n::integer)
order by l.seq, l.n limit :limit;

-- name: behind$
-- Whether the district's log goes on after this place.
select exists (select from change_log l where l.district_id = :district_id and (l.seq, l.n) > (:seq::bigint, :n::integer));

-- name: copy_page
-- Cases of the viewer's scope by id, without those closed before the day from which closed ones are kept.
select c.id, c.pack_version from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.id > :after_id::uuid and (c.closed_at is null or c.closed_at >= :keep_closed_since::timestamptz)
order by c.id limit :limit;

-- name: copy_of_what_came
-- The same for a tablet that has an older scope: without what it holds already and did not just let go of. It lets go of
-- what lies in a node that went, or is in the hands of the organisation that it left, unless it lies in its scope of now
-- or was reported by its person.
select c.id, c.pack_version
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.id > :after_id::uuid and (c.closed_at is null or c.closed_at >= :keep_closed_since::timestamptz)
  and not (
    exists (
        select from visible_cases(:old_district::bigint, :old_street::bigint, :old_community::bigint, :old_grids::bigint[],
            :old_organisation::bigint, :old_person::bigint) o where o.id = c.id)
    and (in_office(c, :district::bigint, :street::bigint, :community::bigint, :grids::bigint[])
        or c.reporter_id = :person::bigint
        or not (array[c.district_id, c.street_id, c.community_id, c.grid_id] && :gone::bigint[]
            or :gone_organisation::bigint is not null and (c.handler_id = :gone_organisation::bigint
                or c.helpers @> array[:gone_organisation::bigint] or c.flags @> '{claimable}'))))
order by c.id limit :limit;

-- name: cases_by_id
-- Of these cases those that are in scope and not closed too long ago.
select c.id, c.pack_version from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.id = any (:ids::uuid[]) and (c.closed_at is null or c.closed_at >= :keep_closed_since::timestamptz);
