-- name: page
-- Webhooks of a district, all or those that one person made; with what waits and what was given up.
select w.id, w.source, w.url, w.active, w.made_at, p.login as made_by, w.failures, w.rest_until,
    (select count(*) from outbox o where o.webhook_id = w.id and o.sent_at is null and o.given_up_at is null) as waiting,
    (select count(*) from outbox o where o.webhook_id = w.id and o.given_up_at is not null) as given_up
from webhooks w left join people p on p.id = w.made_by
where w.district_id = :district and (:person::bigint is null or w.made_by = :person) and w.id > :after
order by w.id limit :limit;

-- name: one^
select id, district_id, source, active, made_by from webhooks
where id = :id and district_id = :district and (:person::bigint is null or made_by = :person);

-- name: any_one^
-- For the operator of the installation.
select id, district_id, source, active from webhooks where id = :id and active;

-- name: active_of_source$
select count(*) from webhooks where district_id = :district and source = :source and active;

-- name: add^
insert into webhooks (district_id, source, url, secret, made_at, made_by)
values (:district, :source, :url, :secret, :now, :person) returning id;

-- name: switch_off!
update webhooks set active = false where id = :id;

-- name: put_ping!
insert into outbox (key, channel, district_id, webhook_id, body, made_at, due_at)
values (:key, 'webhook', :district, :id, :body, :now, :now) on conflict on constraint outbox_key_key do nothing;

-- name: district_of_code
select id from districts where :code::text is null or code = :code order by id;
