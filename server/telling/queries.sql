-- name: put!
-- All notices of a transaction at once (migration 0010 says to whose letters they are added).
select put_messages(:notices::jsonb, :now);

-- name: heard
-- Which of these sources have a webhook.
select distinct district_id, source from webhooks where active and source = any (:sources::text[]);

-- name: put_outcomes!
-- One delivery for each webhook of the source that a case came from.
insert into outbox (key, channel, district_id, webhook_id, case_id, number, n, body, made_at, due_at)
select w.id || '.' || t.case_id || '.' || t.n, 'webhook', t.district_id, w.id, t.case_id, t.number, t.n, t.body, :now, :now
from jsonb_to_recordset(:outcomes::jsonb) as t (district_id bigint, source text, case_id uuid, number text, n integer, body text)
join webhooks w on w.district_id = t.district_id and w.source = t.source and w.active
on conflict on constraint outbox_key_key do nothing;

-- name: page
-- The newest messages of some addresses (kinds and ids in step), from before a key; and whether this person read them.
select m.id, m.to_kind, m.case_id, m.number, m.held_id, m.n, m.action, m.params, m.urgent, m.made_at, h.said,
    r.message_id is not null as read
from unnest(:kinds::text[], :ids::bigint[]) as a (kind, id)
cross join lateral (
    select m.* from messages m
    where m.to_kind = a.kind and m.to_id = a.id and m.made_at > :since::timestamptz and (:before::bigint is null or m.id < :before)
    order by m.id desc limit :limit
) m
left join message_reads r on r.message_id = m.id and r.person_id = :person
left join holds h on h.command_id = m.held_id
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
select m.id, m.to_kind, m.case_id, m.number, m.held_id, m.n, m.action, m.params, m.urgent, m.made_at, h.said,
    r.message_id is not null as read
from unnest(:kinds::text[], :ids::bigint[]) as a (kind, id)
join messages m on m.to_kind = a.kind and m.to_id = a.id
left join message_reads r on r.message_id = m.id and r.person_id = :person
left join holds h on h.command_id = m.held_id
where m.id = any (:messages::bigint[]) order by m.id;

-- name: mark_read!
insert into message_reads (message_id, person_id)
select m.id, :person from unnest(:kinds::text[], :ids::bigint[]) as a (kind, id)
join messages m on m.to_kind = a.kind and m.to_id = a.id
where m.id = any (:messages::bigint[]) on conflict do nothing;

-- name: timezone$
select timezone from districts where id = :district_id;
