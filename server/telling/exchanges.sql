-- name: page
-- The newest exchanges of a district, or of one person's tokens and webhooks.
select e.id, e.at, e.direction, p.login as person, w.source as webhook, e.method, e.path, e.status, e.ms, e.request_id, e.bytes_in,
    e.bytes_out, e.number, e.external_id, e.error
from exchanges e
left join people p on p.id = e.person_id
left join webhooks w on w.id = e.webhook_id
where e.district_id = :district and (:person::bigint is null or coalesce(e.person_id, w.made_by) = :person)
  and (:before::bigint is null or e.id < :before)
order by e.id desc limit :limit;
