-- All that deciding about a batch needs comes in one reading, under one plan that the session keeps: a tablet's single
-- report cost more in planning eight statements than in doing them.

-- Every grid that a point touches or may belong to by its accuracy: one look-up in the GiST index a point.
-- 1e-9 degree is the width of a border (protocol/ground.py). Distances are metres on a plane that is true around the
-- point: a polygon is stretched by the metres in a degree there.
-- Only a point with several grids pays for what tells them apart: whether a grid covers it is then asked by ST_Relate,
-- whose predicates are exact (ST_Covers is fast and may round), and how much of the accuracy circle lies in it.
create function located_at(p_lons float8[], p_lats float8[], p_reaches float8[], p_easts float8[], p_norths float8[],
    p_districts bigint[])
returns table (ord bigint, node_id bigint, version_id bigint, code text, touches boolean, away_m float8, district_id bigint,
    community_id bigint, street_id bigint, covers boolean, share float8) language sql stable as $$
    select r.ord, r.node_id, r.version_id, r.code, r.touches, r.away_m, r.district_id, r.community_id, r.street_id,
           case when r.several then st_relate(r.geom, r.place, '******F**') else r.covers end as covers,
           case when r.several and r.reach_m > 0 then (
               select st_area(st_intersection(r.here, c.circle)) / st_area(c.circle)
               from (select st_buffer(st_setsrid(st_makepoint(0, 0), 4326), r.reach_m, 32) as circle) c) end as share
    from (
        select p.ord, p.place, p.reach_m, g.*, g.covers or g.near as touches, count(*) over (partition by p.ord) > 1 as several,
               c.node_id as community_id, c.parent_id as street_id, n.district_id
        from (
            select t.*, st_setsrid(st_makepoint(t.lon, t.lat), 4326) as place
            from unnest(p_lons, p_lats, p_reaches, p_easts, p_norths,
                        p_districts) with ordinality as t (lon, lat, reach_m, east_m, north_m, district_id, ord)
            where t.lon is not null
        ) p
        cross join lateral (
            select s.*, not s.covers and st_dwithin(s.geom, p.place, 1e-9) as near,
                   case when s.covers or s.here is null then 0
                        else st_distance(s.here, st_setsrid(st_makepoint(0, 0), 4326)) end as away_m
            from (
                select node_id, version_id, parent_id, code, geom, st_covers(geom, p.place) as covers,
                       case when p.reach_m > 0 then
                           st_affine(geom, p.east_m, 0, 0, p.north_m, -p.lon * p.east_m, -p.lat * p.north_m) end as here
                from grids
                where current and level = 3
                  and geom && st_expand(p.place, p.reach_m / p.east_m + 1e-9, p.reach_m / p.north_m + 1e-9)
                offset 0
            ) s
        ) g
        -- Looked up one by one by their keys whatever the statistics say: a point has one or two candidates.
        cross join lateral (select id, district_id from grid_nodes where id = g.node_id offset 0) n
        left join lateral (
            select node_id, parent_id from grids where version_id = g.version_id and node_id = g.parent_id offset 0) c on true
        where (g.covers or g.near or (p.reach_m > 0 and g.away_m <= p.reach_m))
          and (p.district_id is null or n.district_id = p.district_id)
    ) r
    order by r.ord, r.code collate "C", r.district_id
$$;

-- What a district put in force last, or the program's pack that it follows.
create function pack_in_force(p_district bigint) returns table (id bigint, sha256 text) language sql stable as $$
    select v.id, v.sha256
    from districts d
    left join lateral (
        select p.version_id from district_packs p where p.district_id = d.id order by p.id desc limit 1
    ) own on true
    left join shipped_packs s on s.code = d.pack
    join pack_versions v on v.id = coalesce(own.version_id, s.version_id)
    where d.id = p_district
$$;

drop function load_batch(uuid[], uuid[], timestamptz);

-- Plans are made once a session: with arrays of unknown length the server would else plan anew each time, in the hope of
-- a better one that does not exist here (every table is entered by its key).
create function load_batch(p_commands uuid[], p_cases uuid[], p_now timestamptz, p_arriving uuid[], p_lons float8[],
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
            left join lateral pack_in_force(d.id) p on p_arriving <> '{}' order by d.id) d),
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
grant execute on function located_at, pack_in_force, load_batch to xunge_app;

alter function put_messages(jsonb, timestamptz) set plan_cache_mode = 'force_generic_plan';

-- What cases are shown with: the names of their places, offices and districts, their packs; their clocks and evidence when
-- `p_ids` are given.
create function beside_cases(p_ids uuid[], p_nodes bigint[], p_organisations bigint[], p_packs bigint[]) returns json
language plpgsql stable set plan_cache_mode = 'force_generic_plan' as $$
begin
    return json_build_object(
        'nodes', (select json_agg(n) from (
            select g.node_id, g.code, g.name, g.level from grids g where g.current and g.node_id = any (p_nodes)) n),
        'organisations', (select json_agg(o) from (
            select id, kind, code, name from organisations where id = any (p_organisations)) o),
        'districts', (select json_agg(d) from (select id, timezone, code, name from districts) d),
        'packs', (select json_agg(v) from (select id, sha256 from pack_versions where id = any (p_packs)) v),
        'clocks', case when p_ids <> '{}' then (select json_agg(d) from (
            select d.case_id, d.kind, d.limit_min, d.time_kind, d.started_at, d.paused_at, d.due_at, d.provisional, d.stopped_at,
                   d.granted_min, d.escalations
            from deadlines d join cases c on (c.id, c.cycle) = (d.case_id, d.cycle) where c.id = any (p_ids)
            order by d.started_at, d.kind) d) end,
        'photos', case when p_ids <> '{}' then (select json_agg(a) from (
            select a.id, a.case_id, a.sha256, a.bytes, a.mime, a.stage, a.made_at, a.declared_at, a.arrived_at, b.damaged_at,
                   r.code as refused
            from attachments a
            left join blobs b on b.sha256 = a.sha256
            left join refused_pictures r on r.sha256 = a.sha256 and a.arrived_at is null
            where a.case_id = any (p_ids) order by a.made_at, a.id) a) end);
end $$;

-- Whose an API token is, and who that is today; null for a token that nobody has (any more).
create function bearer_of(p_token_hash bytea, p_now timestamptz, p_district text, p_number text, p_grid text) returns json
language plpgsql stable as $$
begin
    return (select json_build_object('token', t.id, 'person', t.person_id,
                                     'viewer', viewer_of(t.person_id, p_now, p_district, p_number, p_grid))
            from api_tokens t
            where t.token_hash = p_token_hash and t.revoked_at is null and coalesce(t.expires_at > p_now, true));
end $$;

-- Which tablet a token belongs to, and who its person is today (or was).
create function tablet_of(p_token_hash bytea, p_now timestamptz) returns json language plpgsql stable as $$
begin
    return (select json_build_object('id', d.id, 'state', d.state, 'seen_at', d.seen_at,
                                     'viewer', viewer_of(d.person_id, p_now, null, null, null))
            from devices d where d.token_hash = p_token_hash);
end $$;
grant execute on function beside_cases, bearer_of, tablet_of to xunge_app;
