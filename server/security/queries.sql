-- name: viewer^
-- Who a person is today. The first membership says role and organisation; a worker works in the grids of all his
-- memberships in that district (cover for leave is one more membership). Who has offices in several districts is in
-- the one asked for: by its code, by a case's number, or by a grid code that the first one does not have. `alive` is false for somebody who left:
-- then the last membership speaks, for what a tablet still holds must find its district.
with mine as (
    select m.id, m.role, m.duties, m.grid_id, m.organisation_id, o.name, o.kind, o.code, o.district_id, n.level,
           d.code as district_code, d.name as district_name,
           d.code = :district_wish or exists (
               select from case_keys k join cases c on c.id = k.case_id
               where k.number = :number_wish and c.district_id = o.district_id
           ) as asked,
           exists (select from grid_nodes g where g.district_id = o.district_id and g.code = :grid_wish) as has_grid,
           o.active and m.valid_from <= :now::timestamptz and coalesce(m.valid_to > :now, true) as valid
    from memberships m
    join organisations o on o.id = m.organisation_id
    join grid_nodes n on n.id = m.grid_id
    join districts d on d.id = o.district_id
    where m.person_id = :person
), main as (
    select * from mine
    order by valid desc, coalesce(asked, false) desc, has_grid desc, case when valid then id else -id end limit 1
), roots as (
    select mine.* from mine join main
        on mine.role = main.role and mine.valid = main.valid and mine.district_id = main.district_id
       and (mine.organisation_id = main.organisation_id or main.role = 'worker' and main.valid)
), worker_grids as (
    select r.grid_id from roots r where r.role = 'worker' and r.level >= 3
    union
    select leaf.node_id
    from roots r
    join grids root on root.node_id = r.grid_id and root.current
    join lateral (
        with recursive below as (
            select root.node_id, root.level
            union all
            select g.node_id, g.level from grids g join below on g.parent_id = below.node_id
            where g.current and below.level < 3
        ) select node_id from below where level = 3
    ) leaf on true
    where r.role = 'worker' and r.level < 3
)
select p.id as person_id, p.login, coalesce(pp.name, p.login) as name, p.lang, p.active and main.valid as alive,
       main.role, main.organisation_id, main.name as organisation_name, main.kind as organisation_kind,
       main.code as organisation_code, main.district_id,
       (select jsonb_object_agg(district_code, district_name) from mine where valid) as districts,
       main.district_code, main.grid_id as root_id, main.level as root_level,
       (select coalesce(array_agg(distinct d order by d), '{}') from roots, unnest(roots.duties) d) as duties,
       (select coalesce(array_agg(grid_id order by grid_id), '{}') from worker_grids) as worker_grids
from people p
left join people_private pp on pp.person_id = p.id
join main on true
where p.id = :person;

-- name: credentials_of^
select p.id as person_id, c.password_hash, c.failures, c.locked_until
from people p join credentials c on c.person_id = p.id
where p.login = :login and p.active;

-- name: failures_of_unknown^
-- Unknown names are locked out like known ones, or the lock-out would tell which names exist.
select count(*) as failures, max(at) as last_at from security_log
where at > :since::timestamptz and what = 'sign_in_refused' and person_id is null and detail->>'name' = :name;

-- name: add_failure^
-- locked_until is the last failure plus its penalty, so that it also tells when failures are old enough to forget.
update credentials set failures = case when locked_until < :forget::timestamptz then 1 else failures + 1 end
where person_id = :person_id returning failures;

-- name: lock_until!
update credentials set locked_until = :locked_until where person_id = :person_id;

-- name: clear_failures!
update credentials set failures = 0, locked_until = null where person_id = :person_id;

-- name: replace_hash!
update credentials set password_hash = :password_hash where person_id = :person_id;

-- name: open_session!
insert into web_sessions (token_hash, person_id, csrf, created_at, seen_at, expires_at)
values (:token_hash, :person_id, :csrf, :now, :now, :expires_at);

-- name: session^
select person_id, csrf, seen_at, expires_at from web_sessions where token_hash = :token_hash;

-- name: touch_session!
update web_sessions set seen_at = :now where token_hash = :token_hash;

-- name: end_session^
delete from web_sessions where token_hash = :token_hash returning person_id;

-- name: end_sessions_of!
delete from web_sessions where person_id = :person_id;

-- name: drop_stale_sessions!
delete from web_sessions where person_id = :person_id and (expires_at <= :now or seen_at <= :idle_since);

-- name: api_token^
select id, person_id from api_tokens
where token_hash = :token_hash and revoked_at is null and coalesce(expires_at > :now, true);

-- name: device^
select id, person_id, state, seen_at from devices where token_hash = :token_hash;

-- name: device_seen!
update devices set seen_at = :now where id = :id;
