-- name: put!
-- All notices of a transaction at once: messages, and a line in the next letter of everybody who asked for letters.
-- A grid's message reaches its workers, also those whose post is above it; a duty's reaches whoever has that duty.
with told as (
    insert into messages (district_id, to_kind, to_id, case_id, number, n, action, params, urgent, made_at)
    select t.district_id, t.to_kind, t.to_id, t.case_id, t.number, t.n, t.action, t.params, t.urgent, :now
    from jsonb_to_recordset(:notices::jsonb) as t (district_id bigint, to_kind text, to_id bigint, case_id uuid, number text,
        n integer, action text, params jsonb, urgent boolean)
    on conflict on constraint messages_once_key do nothing
    returning id, district_id, to_kind, to_id, urgent
)
insert into letter_lines (contact_id, message_id, urgent)
select c.id, t.id, t.urgent
from contacts c
join told t on t.district_id = c.district_id
where c.active and case t.to_kind
    when 'person' then c.person_id = t.to_id
    when 'organisation' then c.organisation_id = t.to_id
    when 'grid' then exists (
        select from memberships m
        join grids g on g.node_id = t.to_id and g.current
        left join grids p on (p.version_id, p.node_id) = (g.version_id, g.parent_id)
        where m.person_id = c.person_id and m.role = 'worker' and m.grid_id in (g.node_id, p.node_id, p.parent_id)
          and m.valid_from <= :now and coalesce(m.valid_to > :now, true))
    else exists (
        select from memberships m
        where m.person_id = c.person_id and m.organisation_id = t.to_id and substr(t.to_kind, 6) = any (m.duties)
          and m.valid_from <= :now and coalesce(m.valid_to > :now, true))
    end
on conflict do nothing;

-- name: put_outcomes!
-- One delivery for each webhook of the source that a case came from.
insert into outbox (key, channel, district_id, webhook_id, case_id, number, n, body, made_at, due_at)
select w.id || '.' || t.case_id || '.' || t.n, 'webhook', t.district_id, w.id, t.case_id, t.number, t.n, t.body, :now, :now
from jsonb_to_recordset(:outcomes::jsonb) as t (district_id bigint, source text, case_id uuid, number text, n integer, body text)
join webhooks w on w.district_id = t.district_id and w.source = t.source and w.active
on conflict on constraint outbox_key_key do nothing;

-- name: page
-- The newest messages of some addresses (kinds and ids in step), from before a key; and whether this person read them.
select m.id, m.to_kind, m.case_id, m.number, m.n, m.action, m.params, m.urgent, m.made_at, r.message_id is not null as read
from unnest(:kinds::text[], :ids::bigint[]) as a (kind, id)
cross join lateral (
    select m.* from messages m
    where m.to_kind = a.kind and m.to_id = a.id and m.made_at > :since::timestamptz and (:before::bigint is null or m.id < :before)
    order by m.id desc limit :limit
) m
left join message_reads r on r.message_id = m.id and r.person_id = :person
order by m.id desc limit :limit;

-- name: unread$
-- How many are unread, counted up to the limit.
select count(*) from (
    select m.id
    from unnest(:kinds::text[], :ids::bigint[]) as a (kind, id)
    cross join lateral (
        select m.id from messages m
        where m.to_kind = a.kind and m.to_id = a.id and m.made_at > :since::timestamptz
          and not exists (select from message_reads r where r.message_id = m.id and r.person_id = :person)
        order by m.id desc limit :limit
    ) m limit :limit
) u;

-- name: by_id
-- Messages by id, of these addresses only.
select m.id, m.to_kind, m.case_id, m.number, m.n, m.action, m.params, m.urgent, m.made_at, r.message_id is not null as read
from unnest(:kinds::text[], :ids::bigint[]) as a (kind, id)
join messages m on m.to_kind = a.kind and m.to_id = a.id
left join message_reads r on r.message_id = m.id and r.person_id = :person
where m.id = any (:messages::bigint[]) order by m.id;

-- name: mark_read!
insert into message_reads (message_id, person_id)
select m.id, :person from unnest(:kinds::text[], :ids::bigint[]) as a (kind, id)
join messages m on m.to_kind = a.kind and m.to_id = a.id
where m.id = any (:messages::bigint[]) on conflict do nothing;
