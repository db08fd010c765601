-- Every act is judged by the limits in force, not only what arrives: a batch reads the pack of each district in any case.
create or replace function load_batch(p_commands uuid[], p_cases uuid[], p_now timestamptz, p_arriving uuid[], p_lons float8[],
    p_lats float8[], p_reaches float8[], p_easts float8[], p_norths float8[], p_districts bigint[], p_codes text[],
    p_organisations bigint[])
returns json language plpgsql set plan_cache_mode = 'force_generic_plan' as $$
declare
    v_located json;
    v_nodes bigint[];
    v_new bigint[];
begin
    -- Locked in id order, so that two batches never wait for each other in a ring; what follows reads what is locked.
    perform from cases c where c.id = any (p_cases) order by c.id for update;
    if p_arriving <> '{}' then
        select json_agg(l), array_agg(l.district_id) || array_agg(l.street_id) || array_agg(l.community_id)
            into v_located, v_nodes
            from located_at(p_lons, p_lats, p_reaches, p_easts, p_norths, p_districts) l;
        -- Numbers for those that come for the first time; gaps are fine.
        v_new := array(select nextval('case_numbers') from unnest(p_arriving) a (id)
                       where not exists (select from commands c where c.command_id = a.id));
    end if;
    v_nodes := v_nodes || array(select d.id from districts d)
        || array(select distinct n.node from cases c
                 cross join lateral unnest(array[c.street_id, c.community_id]) n (node) where c.id = any (p_cases));
    return json_build_object(
        'answers', (select json_agg(a) from (
            select c.command_id, c.body_hash, c.outcome, c.case_id, c.code, c.params, c.version, k.number
            from commands c left join case_keys k on k.case_id = c.case_id where c.command_id = any (p_commands)) a),
        'works', (select json_agg(json_build_object(
                'case', row_to_json(c),
                'cycle', row_to_json(y),
                'pack', (select v.sha256 from pack_versions v where v.id = c.pack_version),
                'clocks', (select json_agg(d) from deadlines d where d.case_id = c.id and d.cycle = c.cycle),
                'photos_waiting', (select count(*) from attachments a
                    where a.case_id = c.id and a.stage = 'after' and a.arrived_at is null
                      and not exists (select from refused_pictures r where r.sha256 = a.sha256))))
            from cases c join cycles y on (y.case_id, y.n) = (c.id, c.cycle) where c.id = any (p_cases)),
        'districts', (select json_agg(d) from (
            select d.id, d.code, d.name, d.timezone, k.stamp, p.id as pack_id, p.sha256 as pack_sha256
            from districts d left join calendars k on k.district_id = d.id
            left join lateral pack_in_force(d.id) p on true order by d.id) d),
        'located', v_located,
        'numbers', v_new,
        'offices', (select json_agg(o) from offices_at(v_nodes, p_now) o),
        'nodes', v_nodes,
        -- With their register on the day that their district has.
        'organisations', case when p_codes <> '{}' or p_organisations <> '{}' then (select json_agg(n) from (
            select o.id, o.district_id, o.code, o.name, o.kind, o.grid_id, r.permits, r.lapsed, r.qualifications, r.suspension,
                   t.day::text
            from organisations o
            join districts d on d.id = o.district_id
            cross join lateral (select (p_now at time zone d.timezone)::date as day) t
            cross join lateral register_on(o.id, t.day) r
            where o.active and (o.code = any (p_codes) or o.id = any (p_organisations))) n) end);
end $$;
