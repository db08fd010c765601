-- Reads that every request makes keep their plans: who somebody is, and one case in his sight. Planning them cost more
-- than doing them.

-- Who a person is today. The first membership says role and organisation; a worker works in the grids of all his
-- memberships in that district (cover for leave is one more membership). Who has offices in several districts is in
-- the one asked for: by its code, by a case's number, or by a grid code that the first one does not have. `alive` is false
-- for somebody who left: then the last membership speaks, for what a tablet still holds must find its district.
create function viewer_of(p_person bigint, p_now timestamptz, p_district text, p_number text, p_grid text) returns json
language plpgsql stable as $$
begin
    return (select to_json(viewer) from (
        with mine as (
            select m.id, m.role, m.duties, m.grid_id, m.organisation_id, o.name, o.kind, o.code, o.district_id, n.level,
                   d.code as district_code, d.name as district_name,
                   d.code = p_district or exists (
                       select from case_keys k join cases c on c.id = k.case_id
                       where k.number = p_number and c.district_id = o.district_id
                   ) as asked,
                   exists (select from grid_nodes g where g.district_id = o.district_id and g.code = p_grid) as has_grid,
                   o.active and m.valid_from <= p_now and coalesce(m.valid_to > p_now, true) as valid
            from memberships m
            join organisations o on o.id = m.organisation_id
            join grid_nodes n on n.id = m.grid_id
            join districts d on d.id = o.district_id
            where m.person_id = p_person
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
        where p.id = p_person
    ) viewer);
end $$;

-- One case by its number, in scope. The key gives the id, the id is pushed into every branch of scope.
create function case_seen(p_number text, p_district bigint, p_street bigint, p_community bigint, p_grids bigint[],
    p_organisation bigint, p_person bigint) returns setof cases language plpgsql stable as $$
declare v_id uuid := (select k.case_id from case_keys k where k.number = p_number);
begin
    return query select c.* from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
        where c.id = v_id;
end $$;
grant execute on function viewer_of, case_seen to xunge_app;
