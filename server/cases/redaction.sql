-- name: lock_case^
-- Two who erase on the same case wait for each other: the later one must not write back what the first cut out.
select * from cases where id = :id for update;

-- name: written
-- The words of a case beside its chain, in order; those of an erasure itself are its reason.
select e.n, e.action, e.command_id, e.action in ('report', 'self_handle', 'record', 'part') as told_the_case, p.body
from case_events e join event_private p on (p.case_id, p.n) = (e.case_id, e.n)
where e.case_id = :case_id order by e.n;

-- name: write_over!
update event_private set salt = :salt, body = :body where (case_id, n) = (:case_id, :n);

-- name: case_words^
select title, description, form from cases where id = :id;

-- name: rewrite_case!
update cases set title = :title, description = :description, form = :form::jsonb where id = :id;

-- name: photo$
select sha256 from attachments where case_id = :case_id and id = :id;

-- name: photo_of$
select id from attachments where case_id = :case_id and sha256 = :sha256 order by id limit 1;

-- name: case_of^
select id, district_id from cases where id = :id::uuid;

-- name: not_events
-- Commands about a case that are no events of it, as far as their words are kept: acts that wait or waited for a
-- decision, and refused ones. commands_case_idx.
select m.command_id, m.kind, m.payload, h.command_id is not null and h.decided_at is null as waits
from commands m left join holds h on h.command_id = m.command_id
where m.case_id = :case_id and m.outcome in ('held', 'rejected') and m.payload is not null order by m.received_at, m.command_id;

-- name: rewrite_command!
-- The command without the words, and without its twins.
with twins as (update forged_commands set payload = '' where command_id = :command_id)
update commands set payload = :payload where command_id = :command_id;
