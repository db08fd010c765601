-- name: parties
-- The outside parties of a district with where their letters go, those in use first.
select o.id, o.code, o.name, o.active, coalesce(t.mail, '') as mail
from organisations o left join contacts t on t.organisation_id = o.id and t.active
where o.district_id = :district_id and o.kind = 'outside' order by not o.active, o.name, o.code;

-- name: given
-- Cases that outside parties have now, as far as they are in scope, each with its last link: the scope's index range of
-- that state.
select c.number, c.handler_id as party_id, c.title, d.due_at, l.made_at, l.expires_at, l.ended_at
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
left join deadlines d on (d.case_id, d.cycle, d.kind) = (c.id, c.cycle, 'handle')
left join lateral (
    select made_at, expires_at, ended_at from outside_links x
    where (x.case_id, x.cycle, x.organisation_id) = (c.id, c.cycle, c.handler_id) order by made_at desc limit 1
) l on true
where c.state = 'forwarded' and c.closed_at is null order by d.due_at nulls last, c.number limit 500;

-- name: coded^
select id, kind, active from organisations where district_id = :district_id and code = :code;

-- name: set_active!
update organisations set active = :active where id = :id;
