-- name: migrations
select name from migrations;

-- name: last_task^
select max(ended) as at from task_runs;

-- name: gauges
select d.code, (select count(*) from cases c where c.district_id = d.id and c.closed_at is null) as open,
    (select count(*) from holds h where h.district_id = d.id and h.decided_at is null) as held,
    (select coalesce(sum(v.repairs), 0) from devices v where v.repairs > 0 and exists (
        select from memberships m join organisations o on o.id = m.organisation_id
        where m.person_id = v.person_id and o.district_id = d.id)) as repairs
from districts d;
