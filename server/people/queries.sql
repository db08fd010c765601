-- name: district_named^
select d.id, d.code, d.name from districts d where d.code = :code;

-- name: district_name$
select name from districts where id = :district_id;

-- name: add_organisation^
-- Made once for its code in the district; made again it takes the new name and reach, and keeps its id.
insert into organisations (district_id, kind, code, name, grid_id, trades, depot, capacity)
values (:district_id, :kind, :code, :name, :grid_id, :trades::text[],
        st_setsrid(st_makepoint(:lon::float8, :lat::float8), 4326), :capacity)
on conflict on constraint organisations_code_key do update
    set name = excluded.name, grid_id = excluded.grid_id, trades = excluded.trades,
        depot = excluded.depot, capacity = excluded.capacity
returning id;

-- name: open_permits!
insert into permits (organisation_id, category, valid_from) select :crew, c, :since from unnest(:categories::text[]) c
on conflict on constraint permits_once_key do nothing;

-- name: open_qualification!
insert into qualifications (organisation_id, kind, document, valid_to) values (:crew, :kind, :document, :last_day)
on conflict on constraint qualifications_once_key do nothing;

-- name: centre_of^
select id from organisations where district_id = :district_id and kind = 'centre' order by id limit 1;

-- name: lend_centre!
-- A district that has no people of its own yet is run by those who run the centre of the first one.
insert into memberships (person_id, organisation_id, role, duties, grid_id, valid_from)
select m.person_id, :organisation_id, m.role, m.duties, :district_id, m.valid_from from memberships m
join organisations o on o.id = m.organisation_id and o.kind = 'centre' and o.active
where o.district_id = (select min(f.district_id) from organisations f where f.kind = 'centre')
  and m.role in ('admin', 'auditor', 'centre') and o.district_id <> :district_id and coalesce(m.valid_to > now(), true);

-- name: organisation_coded^
select id, kind, grid_id from organisations where district_id = :district_id and code = :code and active;

-- name: node_coded^
select id from grid_nodes where coalesce(district_id, id) = :district_id and code = :code;

-- name: add_person^
insert into people (login, lang) values (:login, :lang) returning id;

-- name: add_private!
insert into people_private (person_id, name, phone) values (:person_id, :name, :phone);

-- name: add_credentials!
insert into credentials (person_id, password_hash) values (:person_id, :password_hash);

-- name: add_membership!
insert into memberships (person_id, organisation_id, role, duties, grid_id, valid_from)
values (:person_id, :organisation_id, :role, :duties::text[], :grid_id, :valid_from);

-- name: person_of_login^
select id, active from people where login = :login;

-- name: person_in_district^
select p.id from people p where p.login = :login and exists (
    select from memberships m join organisations o on o.id = m.organisation_id
    where m.person_id = p.id and o.district_id = :district_id);

-- name: people_page
-- One row a person: the first membership in force (else the last one) says role and organisation; the scope is the
-- codes of all roots of that role.
select p.id, p.login, coalesce(pp.name, p.login) as name, pp.phone, p.active, pp.person_id is null as erased, main.role, o.code as organisation_code,
       o.name as organisation, d.code as district,
       (select coalesce(array_agg(distinct n.code order by n.code), '{}')
        from memberships m join grid_nodes n on n.id = m.grid_id
        where m.person_id = p.id and m.role = main.role and coalesce(m.valid_to > :now::timestamptz, true)) as scope,
       (select coalesce(array_agg(distinct x order by x), '{}')
        from memberships m, unnest(m.duties) x
        where m.person_id = p.id and coalesce(m.valid_to > :now, true)) as duties
from people p
left join people_private pp on pp.person_id = p.id
join lateral (
    select m.* from memberships m where m.person_id = p.id
    order by coalesce(m.valid_to > :now, true) desc, m.id limit 1
) main on true
join organisations o on o.id = main.organisation_id
join districts d on d.id = o.district_id
where (:district_id::bigint is null or o.district_id = :district_id) and p.id > :after
order by p.id limit :limit;

-- name: phone_of$
select phone from people_private where person_id = :person_id;

-- name: set_active!
update people set active = :active where id = :person_id;

-- name: end_sessions_of!
delete from web_sessions where person_id = :person_id;

-- name: revoke_tokens_of!
update api_tokens set revoked_at = :now where person_id = :person_id and revoked_at is null;

-- name: drop_codes_of!
delete from enrol_codes where person_id = :person_id and used_at is null;

-- name: add_api_token!
insert into api_tokens (token_hash, person_id, label, created_at, expires_at)
values (:token_hash, :person_id, :label, :now, :expires_at);

-- name: add_enrol_code$
insert into enrol_codes (code_hash, person_id, made_by, created_at, expires_at)
values (:code_hash, :person_id, :made_by, :now, :expires_at) returning id;

-- name: open_codes
select c.id, p.login, coalesce(pp.name, p.login) as name, coalesce(mp.name, m.login) as made_by, c.created_at, c.expires_at
from enrol_codes c
join people p on p.id = c.person_id
left join people_private pp on pp.person_id = p.id
left join people m on m.id = c.made_by
left join people_private mp on mp.person_id = m.id
where c.used_at is null and c.expires_at > :now and exists (
    select from memberships s join organisations o on o.id = s.organisation_id
    where s.person_id = c.person_id and o.district_id = :district_id)
order by c.expires_at desc, c.id desc;

-- name: withdraw_enrol_code$
delete from enrol_codes c using people p
where c.id = :id and c.used_at is null and p.id = c.person_id and exists (
    select from memberships s join organisations o on o.id = s.organisation_id
    where s.person_id = c.person_id and o.district_id = :district_id)
returning p.login;

-- name: spend_enrol_code^
-- Whoever updates first has the code; the other waits for the row and finds it spent. The tablet that spent it may use
-- it again as long as it was never heard with the token that it was given: the answer was lost on the way.
update enrol_codes c set used_at = :now, device_id = :device_id
from people p
where c.code_hash = :code_hash and c.expires_at > :now and p.id = c.person_id and p.active
  and (c.used_at is null or c.device_id = :device_id and exists (
    select from devices d where d.id = c.device_id and d.enrolled_at = c.used_at and d.seen_at is null))
returning c.person_id;

-- name: spent_by$
-- The tablet that spent a code; NULL for a fresh code and for none.
select device_id from enrol_codes where code_hash = :code_hash;

-- name: device_before^
select person_id, state from devices where id = :device_id for update;

-- name: put_device^
insert into devices as d (id, person_id, token_hash, model, app_version, enrolled_at)
values (:device_id, :person_id, :token_hash, :model, :app_version, :now)
on conflict on constraint devices_pkey do update
    set person_id = excluded.person_id, token_hash = excluded.token_hash, state = 'active', model = excluded.model,
        app_version = excluded.app_version, enrolled_at = excluded.enrolled_at, seen_at = null
returning d.last_seq;

-- name: codes_of_nodes
select code from grid_nodes where id = any (:nodes::bigint[]) order by level, code;

-- name: devices_page
select d.id, p.login, coalesce(pp.name, p.login) as name, d.state, d.model, d.app_version, d.enrolled_at, d.seen_at,
       d.last_seq, d.seq_gaps, d.repairs, d.repaired_at, d.refusals, d.refused_at
from devices d
join people p on p.id = d.person_id
left join people_private pp on pp.person_id = p.id
where (:after::uuid is null or d.id > :after) and exists (
    select from memberships m join organisations o on o.id = m.organisation_id
    where m.person_id = d.person_id and o.district_id = :district_id)
order by d.id limit :limit;

-- name: revoke_device^
update devices d set state = 'revoked'
where d.id = :device_id and exists (
    select from memberships m join organisations o on o.id = m.organisation_id
    where m.person_id = d.person_id and o.district_id = :district_id)
returning d.person_id;

-- name: administrators$
-- The login of an administrator of the district's own who can sign in; nothing when there is none.
select min(p.login) from memberships m join people p on p.id = m.person_id and p.active
    join credentials c on c.person_id = p.id join grid_nodes g on g.id = m.grid_id
where m.role = 'admin' and (m.valid_to is null or m.valid_to > now()) and :district_id in (g.id, g.district_id);

-- name: districts_by_code
select id, code from districts order by code;
