-- name: drop_read_lines!
-- What somebody has read already needs no letter.
delete from letter_lines l using message_reads r
where l.contact_id = :contact and l.outbox_id is null and r.message_id = l.message_id and r.person_id = :person;

-- name: next_contact^
-- Somebody whose letter may go now: lines wait, the last letter is old enough and it is not their quiet time; an
-- emergency waits for nothing.
select c.id, c.district_id, c.person_id, d.timezone, coalesce(p.lang, :lang) as lang
from contacts c
join districts d on d.id = c.district_id
left join people p on p.id = c.person_id
cross join lateral (select (:now::timestamptz at time zone d.timezone)::time as at) clock
where c.active and (
    exists (select from letter_lines l where l.contact_id = c.id and l.outbox_id is null and l.urgent)
    or exists (select from letter_lines l where l.contact_id = c.id and l.outbox_id is null)
        and coalesce(c.last_letter_at <= :now::timestamptz - make_interval(mins => c.every_min), true)
        and not coalesce(case when c.quiet_from <= c.quiet_to then clock.at >= c.quiet_from and clock.at < c.quiet_to
                         else clock.at >= c.quiet_from or clock.at < c.quiet_to end, false))
order by c.id limit 1 for update of c skip locked;

-- name: open_lines
select m.id, m.number, m.held_id, m.action, m.params, m.urgent, m.made_at
from letter_lines l join messages m on m.id = l.message_id
where l.contact_id = :contact and l.outbox_id is null order by m.urgent desc, m.id;

-- name: seal^
insert into outbox (key, channel, district_id, contact_id, body, made_at, due_at)
values (:key, 'mail', :district_id, :contact, :body, :now, :now) returning id;

-- name: close_lines!
update letter_lines set outbox_id = :letter where contact_id = :contact and message_id = any (:messages::bigint[]);

-- name: letter_sealed!
update contacts set last_letter_at = :now where id = :contact;

-- name: next_due^
-- The next that is due. Of one case a webhook hears in order, and a receiver that failed is left alone for a while.
select o.id, o.key, o.channel, o.district_id, o.case_id, o.number, o.body, o.made_at, o.tries, o.webhook_id, c.mail,
    w.url, w.secret, w.failures
from outbox o
left join contacts c on c.id = o.contact_id
left join webhooks w on w.id = o.webhook_id
where o.sent_at is null and o.given_up_at is null and o.due_at <= :now
  and (o.channel <> 'mail' or :mail)
  and coalesce(w.rest_until <= :now, true)
  and not exists (
      select from outbox e where e.webhook_id = o.webhook_id and e.case_id = o.case_id and e.n < o.n
        and e.sent_at is null and e.given_up_at is null)
order by o.due_at, o.id limit 1 for update of o skip locked;

-- name: begin_try!
update outbox set tries = tries + 1, due_at = :due_at, error = :error where id = :id;

-- name: sent!
-- Though somebody gave it up meanwhile. A letter with a link in it (key "link.…") keeps no copy of the link.
update outbox set sent_at = :now, given_up_at = null, error = null,
    body = case when key like 'link.%%' then '{}' else body end where id = :id;

-- name: try_again!
update outbox set due_at = :due_at, error = :error where id = :id;

-- name: give_up!
update outbox set given_up_at = :now, error = :error where id = :id;

-- name: postpone_mail!
-- The post office is away: no other letter tries it before.
update outbox set due_at = :due_at where channel = 'mail' and sent_at is null and given_up_at is null and due_at < :due_at;

-- name: receiver_answers!
update webhooks set failures = 0, rest_until = null where id = :id and failures > 0;

-- name: receiver_fails!
update webhooks set failures = failures + 1, rest_until = :rest_until where id = :id;

-- name: receiver_gone!
update webhooks set active = false where id = :id;

-- name: give_up_old!
-- Nobody waits for news that is this old; what was given up can be sent again by hand.
update outbox set given_up_at = :now, error = coalesce(error, :error)
where webhook_id = :id and sent_at is null and given_up_at is null and made_at < :made_before;

-- name: drop_waiting!
-- Deliveries to a receiver that is switched off.
update outbox set given_up_at = :now, error = :error where webhook_id = :id and sent_at is null and given_up_at is null;

-- name: again!
-- What was given up begins anew, under its old keys.
update outbox set given_up_at = null, tries = 0, due_at = :now where given_up_at is not null and district_id = :district and id = any (:ids::bigint[]);

-- name: undelivered
-- What was given up, newest first.
select o.id, o.channel, o.number, o.error, o.tries, o.made_at, o.given_up_at, w.source, coalesce(pp.name, g.name) as whom
from outbox o
left join webhooks w on w.id = o.webhook_id
left join contacts c on c.id = o.contact_id
left join people_private pp on pp.person_id = c.person_id
left join organisations g on g.id = c.organisation_id
where o.district_id = :district and o.given_up_at is not null and (:before::bigint is null or o.id < :before)
order by o.id desc limit :limit;

-- name: undelivered_ids
select id from outbox where district_id = :district and given_up_at is not null and (:webhook::bigint is null or webhook_id = :webhook);
