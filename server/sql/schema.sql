-- Derived from migrations/ by `python -m server.schema --write`; a check compares the two. Not for editing.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;

CREATE TABLE public.cases (
    id uuid NOT NULL,
    number text NOT NULL,
    state text NOT NULL,
    version integer NOT NULL,
    cycle integer DEFAULT 1 NOT NULL,
    pack_version bigint NOT NULL,
    category_system text NOT NULL,
    category_code text NOT NULL,
    category_text text DEFAULT ''::text NOT NULL,
    condition text DEFAULT ''::text NOT NULL,
    severity text DEFAULT 'normal'::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    lon_e7 integer,
    lat_e7 integer,
    place public.geometry(Point,4326) GENERATED ALWAYS AS (public.st_setsrid(public.st_makepoint(((lon_e7)::double precision / ('10000000'::numeric)::double precision), ((lat_e7)::double precision / ('10000000'::numeric)::double precision)), 4326)) STORED,
    accuracy_m integer,
    crs_source text DEFAULT ''::text NOT NULL,
    place_status text NOT NULL,
    place_candidates text[] DEFAULT '{}'::text[] NOT NULL,
    district_id bigint NOT NULL,
    street_id bigint,
    community_id bigint,
    grid_id bigint,
    boundary_version bigint,
    holder_id bigint NOT NULL,
    handler_id bigint,
    reporter_id bigint,
    source text NOT NULL,
    external_id text,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    self_handled boolean DEFAULT false NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    acted_at timestamp with time zone NOT NULL,
    moved_version integer NOT NULL,
    due_at timestamp with time zone,
    due_provisional boolean DEFAULT false NOT NULL,
    next_due_at timestamp with time zone,
    next_clock text,
    closed_at timestamp with time zone,
    close_kind text,
    last_hash text NOT NULL,
    flags text[] DEFAULT '{}'::text[] NOT NULL,
    helpers bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    dispatchers bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    holder_level smallint DEFAULT 0 NOT NULL,
    parent_id uuid,
    survivor_id uuid,
    payer text DEFAULT ''::text NOT NULL,
    form jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT cases_close_kind_known CHECK ((close_kind = ANY (ARRAY['fixed'::text, 'gone'::text, 'explained'::text, 'recorded'::text]))),
    CONSTRAINT cases_lat_range CHECK (((lat_e7 >= '-900000000'::integer) AND (lat_e7 <= 900000000))),
    CONSTRAINT cases_lon_range CHECK (((lon_e7 >= '-1800000000'::integer) AND (lon_e7 <= 1800000000))),
    CONSTRAINT cases_not_own_parent CHECK (((parent_id IS DISTINCT FROM id) AND (survivor_id IS DISTINCT FROM id))),
    CONSTRAINT cases_place_status_known CHECK ((place_status = ANY (ARRAY['inside'::text, 'border'::text, 'nearest'::text, 'outside'::text]))),
    CONSTRAINT cases_place_whole CHECK (((lon_e7 IS NULL) = (lat_e7 IS NULL))),
    CONSTRAINT cases_severity_known CHECK ((severity = ANY (ARRAY['normal'::text, 'emergency'::text]))),
    CONSTRAINT cases_version_positive CHECK ((version > 0))
);

COMMENT ON COLUMN public.cases.moved_version IS 'The last version at which state, holder, handler or place changed: what a stale command is measured by.';

COMMENT ON COLUMN public.cases.flags IS 'Facts of the present cycle that the transition table sets and asks for.';

COMMENT ON COLUMN public.cases.form IS 'Answers to the category''s own questions, as the pack asked them; private ones are masked in lists.';

CREATE FUNCTION public.asked_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
    where is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;

CREATE FUNCTION public.asked_handled(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where c.handler_id = p_organisation and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;

CREATE FUNCTION public.asked_office(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where in_office(c, p_district, p_street, p_community, p_grids)
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;

CREATE FUNCTION public.asked_others(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where c.helpers @> array[p_organisation] and c.helpers <> '{}' and c.handler_id is distinct from p_organisation
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
    union all
    select c.* from cases c where c.state = 'registered' and c.flags @> '{claimable}' and c.district_id = (select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew')
      and c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
    union all
    select c.* from cases c where c.reporter_id = p_person and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and (p_organisation is null or (c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
        and not (c.state = 'registered' and c.flags @> '{claimable}'
          and c.district_id = coalesce((select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew'), 0))))
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;

CREATE FUNCTION public.bearer_of(p_token_hash bytea, p_now timestamp with time zone, p_district text, p_number text, p_grid text) RETURNS json
    LANGUAGE plpgsql STABLE
    AS $$
begin
    return (select json_build_object('token', t.id, 'person', t.person_id,
                                     'viewer', viewer_of(t.person_id, p_now, p_district, p_number, p_grid))
            from api_tokens t
            where t.token_hash = p_token_hash and t.revoked_at is null and coalesce(t.expires_at > p_now, true));
end $$;

CREATE FUNCTION public.beside_cases(p_ids uuid[], p_nodes bigint[], p_organisations bigint[], p_packs bigint[]) RETURNS json
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.case_equals_last_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare c record; e record;
begin
    select version, state, last_hash into c from cases where id = new.id;
    if c is null then return null; end if;
    select n, to_state, hash into e from case_events where case_id = new.id order by n desc limit 1;
    if e is null or e.n <> c.version or e.to_state <> c.state or e.hash <> c.last_hash then
        raise exception using errcode = 'integrity_constraint_violation', constraint = 'case_equals_last_event',
            message = format('case %s stands at version %s, %s, but its last event is %s, %s', new.id, c.version, c.state, e.n, e.to_state);
    end if;
    return null;
end $$;

CREATE FUNCTION public.case_seen(p_number text, p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint) RETURNS SETOF public.cases
    LANGUAGE plpgsql STABLE
    AS $$
declare v_id uuid := (select k.case_id from case_keys k where k.number = p_number);
begin
    return query select c.* from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
        where c.id = v_id;
end $$;

CREATE FUNCTION public.cell_north(p_cy integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select max(e)::integer
    from (select floor(degrees(atan(sinh(pi() * (1 - p_cy / 65536.0::float8)))) * 10000000)::bigint as near) g,
         generate_series(g.near - 3, g.near + 3) e
    where cell_y(e::integer) >= p_cy
$$;

CREATE FUNCTION public.cell_west(p_cx integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select min(e)::integer
    from (select ceil((p_cx / 131072.0::float8 - 0.5) * 3600000000)::bigint as near) g,
         generate_series(greatest(g.near - 3, -1800000000), least(g.near + 3, 1800000003)) e
    where cell_x(e::integer) >= p_cx
$$;

CREATE FUNCTION public.cell_x(p_lon_e7 integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select floor((p_lon_e7 / 3600000000.0::float8 + 0.5) * 131072)::integer
$$;

CREATE FUNCTION public.cell_y(p_lat_e7 integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select floor((0.5 - ln(tan(pi() / 4 + radians(p_lat_e7 / 1e7::float8) / 2)) / (2 * pi())) * 131072)::integer
$$;

CREATE TABLE public.closed_moves (
    district_id bigint NOT NULL,
    street_id bigint NOT NULL,
    community_id bigint NOT NULL,
    grid_id bigint NOT NULL,
    state text NOT NULL,
    late boolean NOT NULL,
    category text NOT NULL,
    source text NOT NULL,
    handler_id bigint,
    cx integer NOT NULL,
    cy integer NOT NULL,
    n integer NOT NULL,
    lon_e7 bigint NOT NULL,
    lat_e7 bigint NOT NULL,
    high bigint NOT NULL,
    low bigint NOT NULL
);

COMMENT ON TABLE public.closed_moves IS 'street_id, community_id, grid_id: 0 where there is none. cx, cy: cell of 2^17 by 2^17 in web mercator.';

COMMENT ON COLUMN public.closed_moves.high IS 'With low the two halves of the case''s id: their XOR over a cell in which one case is left is that case.';

CREATE FUNCTION public.closed_move(c public.cases, p_n integer) RETURNS SETOF public.closed_moves
    LANGUAGE sql IMMUTABLE
    AS $$
    select c.district_id, coalesce(c.street_id, 0), coalesce(c.community_id, 0), coalesce(c.grid_id, 0), c.state,
           coalesce(c.due_at < c.closed_at, false), c.category_system || '/' || c.category_code, c.source, c.handler_id,
           cell_x(c.lon_e7), cell_y(c.lat_e7), p_n, p_n * c.lon_e7::bigint, p_n * c.lat_e7::bigint,
           ('x' || substr(i.hex, 1, 16))::bit(64)::bigint, ('x' || substr(i.hex, 17))::bit(64)::bigint
    from (select replace(c.id::text, '-', '') as hex) i
    where c.closed_at is not null and abs(c.lat_e7) < 850000000
$$;

CREATE TABLE public.cycles (
    case_id uuid NOT NULL,
    n integer NOT NULL,
    district_id bigint NOT NULL,
    street_id bigint,
    community_id bigint,
    grid_id bigint,
    handler_id bigint,
    category_system text NOT NULL,
    category_code text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    registered_at timestamp with time zone,
    dispatched_at timestamp with time zone,
    handled_at timestamp with time zone,
    passed_at timestamp with time zone,
    handle_due_at timestamp with time zone,
    due_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_as text,
    on_time boolean,
    reworks integer DEFAULT 0 NOT NULL,
    wrong_dispatches integer DEFAULT 0 NOT NULL,
    evasions integer DEFAULT 0 NOT NULL,
    self_handled boolean DEFAULT false NOT NULL,
    extensions smallint DEFAULT 0 NOT NULL,
    suspended boolean DEFAULT false NOT NULL,
    assigned_anyway boolean DEFAULT false NOT NULL,
    handle_started_at timestamp with time zone,
    reply_due_at timestamp with time zone,
    replied_at timestamp with time zone,
    callback text,
    solved boolean,
    rating smallint,
    sampled text,
    excused boolean DEFAULT false NOT NULL,
    holder_id bigint NOT NULL,
    CONSTRAINT cycles_callback_known CHECK ((callback = ANY (ARRAY['satisfied'::text, 'not_satisfied'::text, 'not_reached'::text]))),
    CONSTRAINT cycles_end_whole CHECK (((ended_at IS NULL) = (ended_as IS NULL))),
    CONSTRAINT cycles_ended_as_known CHECK ((ended_as = ANY (ARRAY['fixed'::text, 'gone'::text, 'explained'::text, 'recorded'::text, 'declined'::text, 'merged'::text, 'cancelled'::text]))),
    CONSTRAINT cycles_rating_range CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT cycles_sampled_known CHECK ((sampled = ANY (ARRAY['upheld'::text, 'void'::text])))
);

COMMENT ON COLUMN public.cycles.opened_at IS 'When the first cycle was reported, or when a later one was reopened.';

COMMENT ON COLUMN public.cycles.suspended IS 'Whether it is suspended now: such cycles leave the rates and are counted apart.';

COMMENT ON COLUMN public.cycles.excused IS 'An appeal was upheld: overdue stays a fact, the crew does not answer for it.';

COMMENT ON COLUMN public.cycles.holder_id IS 'The office that holds the case, as last written under this cycle: responsible where nobody handles.';

CREATE FUNCTION public.counted_cycles(p_district bigint, p_basis text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_counted text DEFAULT 'all'::text) RETURNS SETOF public.cycles
    LANGUAGE sql STABLE
    AS $$
    select c.* from cycles c
    where c.district_id = p_district
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at
          when 'reply_due' then c.reply_due_at end >= coalesce(p_from, '-infinity')
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at
          when 'reply_due' then c.reply_due_at end < coalesce(p_to, 'infinity')
      and c.opened_at <= p_as_of
      and cycle_is(c, p_counted, p_as_of)
$$;

CREATE FUNCTION public.counted_for(p_home bigint, p_basis text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_counted text, p_level integer, p_node bigint, p_outside integer, p_system text, p_code text, p_handler bigint, p_undispatched boolean, p_responsible bigint, p_unexcused boolean, p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint) RETURNS SETOF public.cycles
    LANGUAGE sql STABLE
    AS $$
    select k.* from counted_cycles(p_home, p_basis, p_from, p_to, p_as_of, p_counted) k
    where case p_level when 1 then k.street_id = p_node when 2 then k.community_id = p_node
          when 3 then k.grid_id = p_node else true end
      and case p_outside when 1 then k.street_id is null when 2 then k.community_id is null
          when 3 then k.grid_id is null else true end
      and (p_system is null or k.category_system = p_system)
      and (p_code is null or k.category_code = p_code)
      and (p_handler is null or k.handler_id = p_handler)
      and (not p_undispatched or k.handler_id is null)
      and (p_responsible is null or coalesce(k.handler_id, k.holder_id) = p_responsible)
      and (not p_unexcused or not k.excused)
      and case when p_district is not null then k.district_id = p_district
               when p_street is not null then k.street_id = p_street
               when p_community is not null then k.community_id = p_community
               when p_grids is not null then k.grid_id = any (p_grids)
               else k.handler_id = p_organisation end
      and (p_district is not null or k.case_id in (
          select id from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person)))
$$;

CREATE FUNCTION public.cycle_closed(c public.cycles, p_as_of timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
$$;

CREATE FUNCTION public.cycle_is(c public.cycles, p_counted text, p_as_of timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select case
        -- What has to be closed: neither mended on the spot nor declined, merged or cancelled; suspended ones stand apart.
        when p_counted in ('owing', 'suspended', 'all', 'timed', 'closed', 'on_time', 'overdue', 'overdue_open', 'rework',
                'rework_closed', 'extended', 'handled', 'handled_on_time') then
            not c.self_handled and (cycle_open(c, p_as_of) or c.ended_as not in ('declined', 'merged', 'cancelled'))
            and case p_counted when 'owing' then true when 'suspended' then c.suspended else not c.suspended end
            and case p_counted
                when 'timed' then c.due_at is not null
                when 'closed' then cycle_closed(c, p_as_of)
                when 'on_time' then c.due_at is not null and c.on_time and cycle_closed(c, p_as_of)
                when 'overdue' then case when cycle_open(c, p_as_of) then c.due_at < p_as_of
                    else c.due_at is not null and c.on_time is false end
                when 'overdue_open' then cycle_open(c, p_as_of) and c.due_at < p_as_of
                when 'rework' then c.reworks > 0
                when 'rework_closed' then c.reworks > 0 and cycle_closed(c, p_as_of)
                when 'extended' then c.extensions > 0
                when 'handled' then c.handled_at <= p_as_of
                when 'handled_on_time' then c.handled_at <= least(p_as_of, c.handle_due_at)
                else true end
        -- What came in, declined ones among it, and what became of it.
        when p_counted in ('received', 'valid', 'reported', 'registered', 'dispatched', 'right_dispatch', 'evasion',
                'reached', 'satisfied', 'asked', 'solved') then
            (cycle_open(c, p_as_of) or c.ended_as not in ('merged', 'cancelled'))
            and case p_counted
                when 'valid' then c.self_handled or c.registered_at <= p_as_of
                when 'reported' then not c.self_handled
                when 'registered' then not c.self_handled and c.registered_at <= p_as_of
                when 'dispatched' then not c.self_handled and c.registered_at <= p_as_of
                    and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0)
                when 'right_dispatch' then not c.self_handled and c.registered_at <= p_as_of
                    and c.dispatched_at <= p_as_of and c.wrong_dispatches = 0
                when 'evasion' then not c.self_handled and c.registered_at <= p_as_of
                    and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0) and c.evasions > 0
                -- The reporter's word: the answer to a call, or where nobody reached him his own rating (4 or 5 of 5).
                when 'reached' then (c.callback is not null or c.rating is not null)
                    and (c.callback in ('satisfied', 'not_satisfied') or c.rating is not null)
                when 'satisfied' then (c.callback is not null or c.rating is not null)
                    and case when c.callback in ('satisfied', 'not_satisfied') then c.callback = 'satisfied' else c.rating >= 4 end
                when 'asked' then c.callback in ('satisfied', 'not_satisfied') and c.solved is not null
                when 'solved' then c.callback in ('satisfied', 'not_satisfied') and c.solved
                else true end
        -- What was mended on the spot, beside what the chain closed; and what a sample of it found.
        when p_counted in ('mended', 'self_handled', 'sampled', 'sampled_void') then
            cycle_closed(c, p_as_of)
            and case p_counted
                when 'self_handled' then c.self_handled
                when 'sampled' then c.self_handled and c.sampled is not null
                when 'sampled_void' then c.self_handled and c.sampled = 'void'
                else true end
        -- Replies: owed by a merged report too, for its reporter is owed the survivor's answer.
        when p_counted in ('owed', 'answered') then
            c.reply_due_at is not null and (cycle_open(c, p_as_of) or c.ended_as <> 'cancelled')
            and case p_counted when 'answered' then c.replied_at <= least(p_as_of, c.reply_due_at) else true end
        else false end
$$;

CREATE FUNCTION public.cycle_open(c public.cycles, p_as_of timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select c.ended_at is null or c.ended_at > p_as_of
$$;

CREATE FUNCTION public.decider_of(p_district bigint, p_street bigint, p_holder_level integer, p_now timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
    select o.id from organisations o
    where o.active and (o.kind = 'centre' and o.grid_id = p_district
                        or o.kind = 'street' and o.grid_id = p_street and p_holder_level > 0)
    order by exists (select from memberships m where m.organisation_id = o.id and m.duties @> '{duty}' and m.valid_from <= p_now
                       and (m.valid_to is null or m.valid_to > p_now)) desc, o.kind = 'street' desc, o.id
    limit 1
$$;

CREATE FUNCTION public.in_office(c public.cases, p_district bigint, p_street bigint, p_community bigint, p_grids bigint[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select coalesce(p_district, p_street, p_community, p_grids[1]) is not null
        and (p_district is null or c.district_id = p_district)
        and (p_street is null or c.street_id = p_street)
        and (p_community is null or c.community_id = p_community)
        and (p_grids is null or c.grid_id = any (p_grids))
$$;

CREATE FUNCTION public.is_asked(c public.cases, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select (p_states is null or c.state = any (p_states))
      and (p_in_street is null or c.street_id = p_in_street)
      and (p_in_community is null or c.community_id = p_in_community)
      and (p_in_grid is null or c.grid_id = p_in_grid)
      and (p_outside is null or (c.street_id is null) = p_outside)
      and (p_category_code is null or (c.category_system = p_category_system and c.category_code = p_category_code))
      and (p_overdue is null or coalesce(c.due_at < coalesce(c.closed_at, p_now), false) = p_overdue)
      and (p_source is null or c.source = p_source)
      and (p_handler is null or c.handler_id = p_handler)
      and (p_start is null or c.reported_at >= p_start)
      and (p_until is null or c.reported_at < p_until)
      and (p_held is null or c.id = any (p_held))
      and (p_west is null or (c.place && st_makeenvelope(p_west, p_south, p_east, p_north, 4326)
        and st_x(c.place) between p_west and p_east and st_y(c.place) between p_south and p_north))
      and case p_board when 'soon' then c.next_due_at between p_now and p_soon when 'returned' then c.flags && '{return_asked,extension_asked,suspension_asked,appeal_open}' else true end
$$;

CREATE FUNCTION public.keep_case_words() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into case_words (case_id, words) values (new.id, words_of_case(new))
    on conflict on constraint case_words_pkey do update set words = excluded.words;
    return null;
end $$;

CREATE FUNCTION public.load_batch(p_commands uuid[], p_cases uuid[], p_now timestamp with time zone, p_arriving uuid[], p_lons double precision[], p_lats double precision[], p_reaches double precision[], p_easts double precision[], p_norths double precision[], p_districts bigint[], p_codes text[], p_organisations bigint[]) RETURNS json
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.located_at(p_lons double precision[], p_lats double precision[], p_reaches double precision[], p_easts double precision[], p_norths double precision[], p_districts bigint[]) RETURNS TABLE(ord bigint, node_id bigint, version_id bigint, code text, touches boolean, away_m double precision, district_id bigint, community_id bigint, street_id bigint, covers boolean, share double precision)
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION public.log_case_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    -- A helper that was let go must be told that the case left its sight, so both lists go along.
    perform log_change(new.district_id, 'case', new.id::text, new.version,
        case when tg_op = 'UPDATE' then array[old.district_id, old.street_id, old.community_id, old.grid_id] end,
        array[new.district_id, new.street_id, new.community_id, new.grid_id],
        array_remove(array[new.handler_id] || new.helpers || case when tg_op = 'UPDATE' then old.handler_id || old.helpers else '{}' end
            || case when new.flags @> '{claimable}' or (tg_op = 'UPDATE' and old.flags @> '{claimable}') then array[-1::bigint] else '{}' end, null),
        array_remove(array[new.reporter_id], null));
    return null;
end $$;

CREATE FUNCTION public.log_change(p_district bigint, p_kind text, p_id text, p_version integer DEFAULT NULL::integer, p_before bigint[] DEFAULT NULL::bigint[], p_after bigint[] DEFAULT NULL::bigint[], p_handlers bigint[] DEFAULT NULL::bigint[], p_people bigint[] DEFAULT NULL::bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    v_name text := 'xunge.change_' || p_district;
    v_mine text := coalesce(current_setting(v_name, true), '');
    v_xid  text := pg_current_xact_id()::text;
    v_seq  bigint;
    v_n    integer;
begin
    if split_part(v_mine, ':', 1) = v_xid then
        v_seq := split_part(v_mine, ':', 2)::bigint;
        v_n := split_part(v_mine, ':', 3)::integer + 1;
    else
        insert into change_counter as c (district_id, seq) values (p_district, 1)
            on conflict (district_id) do update set seq = c.seq + 1 returning seq into v_seq;
        v_n := 1;
    end if;
    perform set_config(v_name, v_xid || ':' || v_seq || ':' || v_n, true);
    insert into change_log (district_id, seq, n, kind, id, version, scope_before, scope_after, handlers, people)
        values (p_district, v_seq, v_n, p_kind, p_id, p_version, p_before, p_after, p_handlers, p_people);
end $$;

CREATE FUNCTION public.log_decision() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform log_change(new.district_id, 'decision', new.command_id::text);
    return null;
end $$;

CREATE FUNCTION public.log_message() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform log_change(new.district_id, 'message', new.id::text, null, null,
        case new.to_kind when 'grid' then array[new.to_id] end,
        case new.to_kind when 'organisation' then array[new.to_id] end,
        case new.to_kind when 'person' then array[new.to_id] end);
    return null;
end $$;

CREATE FUNCTION public.move_closed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'UPDATE' then
        insert into closed_moves select * from closed_move(old, -1);
    end if;
    insert into closed_moves select * from closed_move(new, 1);
    return null;
end $$;

CREATE FUNCTION public.offices_at(p_nodes bigint[], p_now timestamp with time zone) RETURNS TABLE(grid_id bigint, id bigint, code text, name text, staffed boolean)
    LANGUAGE sql STABLE
    AS $$
    select distinct on (o.grid_id) o.grid_id, o.id, o.code, o.name,
        exists (select from memberships m join people p on p.id = m.person_id
                where m.organisation_id = o.id and m.role in ('centre', 'street', 'community') and p.active
                  and m.valid_from <= p_now and (m.valid_to is null or m.valid_to > p_now))
    from organisations o
    where o.grid_id = any (p_nodes) and o.kind in ('centre', 'street', 'community') and o.active
    order by o.grid_id, o.id
$$;

CREATE FUNCTION public.owed_replies(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint) RETURNS TABLE(case_id uuid, due_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    with owed as materialized (
        select d.case_id, d.cycle, d.due_at from deadlines d where d.kind = 'reply' and d.stopped_at is null and d.paused_at is null
    )
    select o.case_id, o.due_at
    from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
    join owed o on (o.case_id, o.cycle) = (c.id, c.cycle)
    where c.id = any (array(select owed.case_id from owed))
$$;

CREATE FUNCTION public.pack_in_force(p_district bigint) RETURNS TABLE(id bigint, sha256 text)
    LANGUAGE sql STABLE
    AS $$
    select v.id, v.sha256
    from districts d
    left join lateral (
        select p.version_id from district_packs p where p.district_id = d.id order by p.id desc limit 1
    ) own on true
    left join shipped_packs s on s.code = d.pack
    join pack_versions v on v.id = coalesce(own.version_id, s.version_id)
    where d.id = p_district
$$;

CREATE FUNCTION public.put_messages(p_notices jsonb, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare v_new bigint[];
begin
    with told as (
        insert into messages (district_id, to_kind, to_id, case_id, number, held_id, n, action, params, urgent, made_at)
        select t.district_id, t.to_kind, t.to_id, t.case_id, t.number, t.held_id, t.n, t.action, t.params, t.urgent, p_now
        from jsonb_to_recordset(p_notices) as t (district_id bigint, to_kind text, to_id bigint, case_id uuid, number text,
            held_id uuid, n integer, action text, params jsonb, urgent boolean)
        on conflict on constraint messages_once_key do nothing returning id
    ) select array_agg(id) into v_new from told;
    if v_new is null or not exists (select from contacts where active) then
        return;
    end if;
    insert into letter_lines (contact_id, message_id, urgent)
    select c.id, t.id, t.urgent
    from messages t
    join contacts c on c.district_id = t.district_id and c.active
    where t.id = any (v_new) and case t.to_kind
        when 'person' then c.person_id = t.to_id
        when 'organisation' then c.organisation_id = t.to_id
        when 'grid' then exists (
            select from memberships m
            join grids g on g.node_id = t.to_id and g.current
            left join grids p on (p.version_id, p.node_id) = (g.version_id, g.parent_id)
            where m.person_id = c.person_id and m.role = 'worker' and m.grid_id in (g.node_id, p.node_id, p.parent_id)
              and m.valid_from <= p_now and coalesce(m.valid_to > p_now, true))
        else exists (
            select from memberships m
            where m.person_id = c.person_id and m.organisation_id = t.to_id and substr(t.to_kind, 6) = any (m.duties)
              and m.valid_from <= p_now and coalesce(m.valid_to > p_now, true))
        end;
end $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception using errcode = 'integrity_constraint_violation', constraint = 'events_are_for_ever',
        message = format('%s on %I is refused: an event is for ever', tg_op, tg_table_name);
end $$;

CREATE FUNCTION public.refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception using errcode = 'integrity_constraint_violation', constraint = 'rows_are_for_ever',
        message = format('%s on %I is refused: its rows are for ever', tg_op, tg_table_name);
end $$;

CREATE FUNCTION public.register_on(p_organisation bigint, p_day date) RETURNS TABLE(permits text[], lapsed jsonb, qualifications jsonb, suspension jsonb)
    LANGUAGE sql STABLE
    AS $$
    select
        array(select distinct m.category from permits m where m.organisation_id = p_organisation
              and p_day >= m.valid_from and (m.valid_to is null or p_day <= m.valid_to) order by m.category),
        coalesce((select jsonb_agg(jsonb_build_array(m.category, m.valid_from, m.valid_to) order by m.valid_to desc nulls last)
              from permits m where m.organisation_id = p_organisation and (p_day < m.valid_from or p_day > m.valid_to)), '[]'),
        coalesce((select jsonb_object_agg(q.kind, q.valid_to) from
              (select distinct on (kind) kind, valid_to from qualifications where organisation_id = p_organisation
               order by kind, valid_to desc nulls first) q), '{}'),
        (select jsonb_build_object('last_day', s.last_day, 'reason', s.reason) from crew_suspensions s
         where s.organisation_id = p_organisation and s.lifted_at is null and p_day >= s.first_day
           and (s.last_day is null or p_day <= s.last_day) order by s.last_day desc nulls first limit 1)
$$;

CREATE FUNCTION public.search_words(p_text text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
    return (
        select coalesce(array_agg(distinct w.word), '{}')
        from regexp_matches(lower(normalize(left(coalesce(p_text, ''), 1000), nfkc)), '[㐀-鿿豈-﫿]+|[a-z0-9à-ɏа-я]+', 'g') m
        cross join lateral (
            select m[1] as word where m[1] ~ '^[a-z0-9à-ɏа-я]' and m[1] !~ '[0-9]{7}' and length(m[1]) <= 60
            union all
            select substr(m[1], i, 2) from generate_series(1, length(m[1])) i where m[1] !~ '^[a-z0-9à-ɏа-я]'
        ) w);
end $$;

CREATE FUNCTION public.sum_closed(p_most integer) RETURNS integer
    LANGUAGE sql
    AS $$
    with gone as (
        delete from closed_moves where ctid = any (array(select m.ctid from closed_moves m limit p_most for update skip locked))
        returning *
    ), added as (
        insert into closed_cells as k (district_id, facet, cx, cy, grid_id, community_id, street_id, state, late, n, lon_e7, lat_e7, high, low)
        select g.district_id, f.facet, g.cx, g.cy, g.grid_id, g.community_id, g.street_id, g.state, g.late,
               sum(g.n), sum(g.lon_e7), sum(g.lat_e7), bit_xor(g.high), bit_xor(g.low)
        from gone g
        cross join lateral unnest(array['', 'c:' || g.category, 's:' || g.source, 'h:' || g.handler_id]) f (facet)
        where f.facet is not null
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9
        order by 1, 2, 3, 4, 5, 6, 7, 8, 9
        on conflict on constraint closed_cells_pkey do update set n = k.n + excluded.n, lon_e7 = k.lon_e7 + excluded.lon_e7,
            lat_e7 = k.lat_e7 + excluded.lat_e7, high = k.high # excluded.high, low = k.low # excluded.low
    )
    select count(*)::integer from gone
$$;

CREATE FUNCTION public.tablet_of(p_token_hash bytea, p_now timestamp with time zone) RETURNS json
    LANGUAGE plpgsql STABLE
    AS $$
begin
    return (select json_build_object('id', d.id, 'state', d.state, 'seen_at', d.seen_at,
                                     'viewer', viewer_of(d.person_id, p_now, null, null, null))
            from devices d where d.token_hash = p_token_hash);
end $$;

CREATE FUNCTION public.viewer_of(p_person bigint, p_now timestamp with time zone, p_district text, p_number text, p_grid text) RETURNS json
    LANGUAGE plpgsql STABLE
    AS $$
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

CREATE FUNCTION public.visible_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where in_office(c, p_district, p_street, p_community, p_grids)
    union all
    select c.* from cases c where c.handler_id = p_organisation
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.helpers @> array[p_organisation] and c.helpers <> '{}' and c.handler_id is distinct from p_organisation
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.state = 'registered' and c.flags @> '{claimable}'
        and c.district_id = (select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew')
        and c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.reporter_id = p_person
        and (p_organisation is null or (c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
            and not (c.state = 'registered' and c.flags @> '{claimable}'
                and c.district_id = coalesce((select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew'), 0))))
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
$$;

CREATE FUNCTION public.whose(p_lons double precision[], p_lats double precision[], p_reaches double precision[], p_easts double precision[], p_norths double precision[], p_districts bigint[]) RETURNS TABLE(ord bigint, node_id bigint, version_id bigint, code text, touches boolean, away_m double precision, district_id bigint, community_id bigint, street_id bigint, covers boolean, share double precision)
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
    return query select * from located_at(p_lons, p_lats, p_reaches, p_easts, p_norths, p_districts);
end $$;

CREATE FUNCTION public.wire_time(p_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE FUNCTION public.words_of_case(c public.cases) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
    return array_to_tsvector(array_remove(search_words(c.title || ' ' || c.description)
        || array[lower(c.number), lower(c.external_id), 'c:' || c.category_system || '/' || c.category_code, 's:' || c.source,
                 'n:' || c.district_id, 'n:' || c.street_id, 'n:' || c.community_id, 'n:' || c.grid_id], null));
end $$;

CREATE FUNCTION public.write_batch(p jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    if p ? 'new' then
        insert into cases (id, number, pack_version, category_system, category_code, place_status, district_id, holder_id, source,
        reported_at, received_at, changed_at, acted_at, state, version, moved_version, cycle, category_text,
        condition, severity, title, description, lon_e7, lat_e7, accuracy_m, crs_source, place_candidates, street_id,
        community_id, grid_id, boundary_version, handler_id, reporter_id, flags, helpers, dispatchers, holder_level,
        parent_id, survivor_id, payer, form, external_id, tags, self_handled, due_at, due_provisional, next_due_at,
        next_clock, closed_at, close_kind, last_hash)
        select id, number, pack_version, category_system, category_code, place_status, district_id, holder_id, source,
        reported_at, received_at, changed_at, acted_at, state, version, moved_version, cycle, category_text,
        condition, severity, title, description, lon_e7, lat_e7, accuracy_m, crs_source, place_candidates, street_id,
        community_id, grid_id, boundary_version, handler_id, reporter_id, flags, helpers, dispatchers, holder_level,
        parent_id, survivor_id, payer, form, external_id, tags, self_handled, due_at, due_provisional, next_due_at,
        next_clock, closed_at, close_kind, last_hash
        from jsonb_populate_recordset(null::cases, p -> 'new');
        insert into case_keys (number, source, external_id, case_id)
        select number, source, external_id, id from jsonb_populate_recordset(null::cases, p -> 'new');
    end if;
    if p ? 'changed' then
        update cases c set (pack_version, category_system, category_code, place_status, holder_id, reported_at, changed_at, acted_at,
        state, version, moved_version, cycle, category_text, condition, severity, title, description, lon_e7, lat_e7,
        accuracy_m, crs_source, place_candidates, street_id, community_id, grid_id, boundary_version, handler_id,
        reporter_id, flags, helpers, dispatchers, holder_level, parent_id, survivor_id, payer, form, tags,
        self_handled, due_at, due_provisional, next_due_at, next_clock, closed_at, close_kind, last_hash) =
            (r.pack_version, r.category_system, r.category_code, r.place_status, r.holder_id, r.reported_at, r.changed_at,
        r.acted_at, r.state, r.version, r.moved_version, r.cycle, r.category_text, r.condition, r.severity, r.title,
        r.description, r.lon_e7, r.lat_e7, r.accuracy_m, r.crs_source, r.place_candidates, r.street_id,
        r.community_id, r.grid_id, r.boundary_version, r.handler_id, r.reporter_id, r.flags, r.helpers, r.dispatchers,
        r.holder_level, r.parent_id, r.survivor_id, r.payer, r.form, r.tags, r.self_handled, r.due_at,
        r.due_provisional, r.next_due_at, r.next_clock, r.closed_at, r.close_kind, r.last_hash)
        from jsonb_populate_recordset(null::cases, p -> 'changed') r where r.id = c.id;
    end if;
    if p ? 'cycles' then
        insert into cycles (case_id, n, opened_at, registered_at, dispatched_at, handled_at, passed_at, handle_due_at, handler_id, due_at,
        ended_at, ended_as, on_time, reworks, wrong_dispatches, evasions, self_handled, extensions, suspended,
        assigned_anyway, handle_started_at, reply_due_at, replied_at, callback, solved, rating, sampled, excused,
        district_id, street_id, community_id, grid_id, holder_id, category_system, category_code)
        select case_id, n, opened_at, registered_at, dispatched_at, handled_at, passed_at, handle_due_at, handler_id, due_at,
        ended_at, ended_as, on_time, reworks, wrong_dispatches, evasions, self_handled, extensions, suspended,
        assigned_anyway, handle_started_at, reply_due_at, replied_at, callback, solved, rating, sampled, excused,
        district_id, street_id, community_id, grid_id, holder_id, category_system, category_code
        from jsonb_populate_recordset(null::cycles, p -> 'cycles')
        on conflict (case_id, n) do update set
        opened_at = excluded.opened_at, registered_at = excluded.registered_at, dispatched_at =
        excluded.dispatched_at, handled_at = excluded.handled_at, passed_at = excluded.passed_at, handle_due_at =
        excluded.handle_due_at, handler_id = excluded.handler_id, due_at = excluded.due_at, ended_at =
        excluded.ended_at, ended_as = excluded.ended_as, on_time = excluded.on_time, reworks = excluded.reworks,
        wrong_dispatches = excluded.wrong_dispatches, evasions = excluded.evasions, self_handled =
        excluded.self_handled, extensions = excluded.extensions, suspended = excluded.suspended, assigned_anyway =
        excluded.assigned_anyway, handle_started_at = excluded.handle_started_at, reply_due_at =
        excluded.reply_due_at, replied_at = excluded.replied_at, callback = excluded.callback, solved =
        excluded.solved, rating = excluded.rating, sampled = excluded.sampled, excused = excluded.excused, district_id
        = excluded.district_id, street_id = excluded.street_id, community_id = excluded.community_id, grid_id =
        excluded.grid_id, holder_id = excluded.holder_id, category_system = excluded.category_system, category_code =
        excluded.category_code;
    end if;
    if p ? 'deadlines' then
        insert into deadlines (case_id, kind, limit_min, time_kind, started_at, due_at, provisional, paused_at, stopped_at, escalations,
        cycle, pauses, granted_min, escalate_at)
        select case_id, kind, limit_min, time_kind, started_at, due_at, provisional, paused_at, stopped_at, escalations,
        cycle, pauses, granted_min, escalate_at
        from jsonb_populate_recordset(null::deadlines, p -> 'deadlines')
        on conflict (case_id, cycle, kind) do update set
        limit_min = excluded.limit_min, time_kind = excluded.time_kind, started_at = excluded.started_at, due_at =
        excluded.due_at, provisional = excluded.provisional, paused_at = excluded.paused_at, stopped_at =
        excluded.stopped_at, escalations = excluded.escalations, pauses = excluded.pauses, granted_min =
        excluded.granted_min, escalate_at = excluded.escalate_at;
    end if;
    if p ? 'case_events' then
        insert into case_events (case_id, n, cycle, command_id, action, from_state, to_state, actor, organisation, device, made_at, acted_at,
        received_at, body, prev_hash, hash)
        select case_id, n, cycle, command_id, action, from_state, to_state, actor, organisation, device, made_at, acted_at,
        received_at, body, prev_hash, hash
        from jsonb_populate_recordset(null::case_events, p -> 'case_events') order by case_id, n;
    end if;
    if p ? 'event_private' then
        insert into event_private (case_id, n, salt, body)
        select case_id, n, salt, body from jsonb_populate_recordset(null::event_private, p -> 'event_private');
    end if;
    if p ? 'attachments' then
        insert into attachments (id, case_id, sha256, bytes, mime, stage, person_id, command_id, made_at, declared_at, arrived_at)
        select a.id, a.case_id, a.sha256, a.bytes, a.mime, a.stage, a.person_id, a.command_id, a.made_at, a.declared_at, b.stored_at
        from jsonb_populate_recordset(null::attachments, p -> 'attachments') a left join blobs b on b.sha256 = a.sha256
        on conflict (id) do nothing;
    end if;
    if p ? 'commands' then
        insert into commands (command_id, origin, device_id, seq, person_id, kind, case_id, body_hash, made_at, received_at,
            outcome, code, params, version, payload)
        select command_id, origin, device_id, seq, person_id, kind, case_id, body_hash, made_at, received_at,
            outcome, code, params, version, payload
        from jsonb_populate_recordset(null::commands, p -> 'commands');
    end if;
end $$;

CREATE TABLE public.access_log (
    n bigint NOT NULL,
    at text NOT NULL,
    what text NOT NULL,
    person_id bigint,
    organisation_id bigint,
    district_id bigint,
    address text NOT NULL,
    case_id uuid,
    subject_id bigint,
    reason text NOT NULL,
    filter text NOT NULL,
    rows bigint NOT NULL,
    prev_hash text NOT NULL,
    hash text NOT NULL,
    CONSTRAINT access_log_first CHECK (((n = 1) = (prev_hash = ''::text))),
    CONSTRAINT access_log_hash_form CHECK ((hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT access_log_what_known CHECK ((what = ANY (ARRAY['unmask'::text, 'read'::text, 'export'::text, 'layer'::text])))
);

COMMENT ON TABLE public.access_log IS 'Who read personal data, when, of which case or person, and why: chained like events, kept for ever.';

CREATE TABLE public.anchors (
    n bigint NOT NULL,
    day date NOT NULL,
    made_at text NOT NULL,
    cases bigint NOT NULL,
    root text NOT NULL,
    access_n bigint NOT NULL,
    access_hash text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    seqs jsonb NOT NULL,
    CONSTRAINT anchors_first CHECK (((n = 1) = (previous = ''::text))),
    CONSTRAINT anchors_hash_form CHECK (((hash ~ '^[0-9a-f]{64}$'::text) AND (root ~ '^[0-9a-f]{64}$'::text)))
);

COMMENT ON TABLE public.anchors IS 'The heads of all chains that moved since the anchor before, under one root; each anchor holds the hash of the one before, so that the last one stands for all. The heads themselves are in the files.';

COMMENT ON COLUMN public.anchors.seqs IS 'Up to which number the change log of each district is anchored: {"district": seq}.';

CREATE TABLE public.api_tokens (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    person_id bigint NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone
);

ALTER TABLE public.api_tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.api_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.attachments (
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    mime text NOT NULL,
    stage text NOT NULL,
    person_id bigint,
    command_id uuid NOT NULL,
    made_at timestamp with time zone NOT NULL,
    declared_at timestamp with time zone NOT NULL,
    arrived_at timestamp with time zone,
    CONSTRAINT attachments_stage_known CHECK ((stage = ANY (ARRAY['before'::text, 'during'::text, 'after'::text, 'inspection'::text])))
);

COMMENT ON TABLE public.attachments IS 'Declared by a command; arrived_at is set when the bytes with that SHA-256 are on disk.';

CREATE TABLE public.blobs (
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    mime text NOT NULL,
    width integer,
    height integer,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    damaged_at timestamp with time zone,
    CONSTRAINT blobs_sha256_form CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON COLUMN public.blobs.damaged_at IS 'When the file on disk was first found missing or without its SHA-256; null again once it has it.';

CREATE TABLE public.boundary_drafts (
    id uuid NOT NULL,
    district_id bigint NOT NULL,
    base_version bigint,
    kind text NOT NULL,
    made_by bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    source_name text NOT NULL,
    content bytea,
    options jsonb NOT NULL,
    report jsonb NOT NULL,
    ground jsonb NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    decided_by bigint,
    decided_at timestamp with time zone,
    version_id bigint,
    CONSTRAINT boundary_drafts_kind_known CHECK ((kind = ANY (ARRAY['file'::text, 'split'::text, 'merge'::text]))),
    CONSTRAINT boundary_drafts_state_known CHECK ((state = ANY (ARRAY['open'::text, 'faulty'::text, 'confirmed'::text, 'dropped'::text])))
);

COMMENT ON COLUMN public.boundary_drafts.content IS 'The file as it came; emptied when the draft is decided: the version has the shapes.';

CREATE TABLE public.boundary_versions (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    valid_from date NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    source_name text NOT NULL,
    source_sha256 text NOT NULL,
    report jsonb NOT NULL,
    loaded_by bigint,
    reroute boolean DEFAULT false NOT NULL,
    rerouted_at timestamp with time zone,
    simple_error_m real DEFAULT 0 NOT NULL
);

COMMENT ON COLUMN public.boundary_versions.reroute IS 'Whether open cases follow this version; a task does it, one event a case.';

COMMENT ON COLUMN public.boundary_versions.simple_error_m IS 'Metres that a simplified border of this version lies from the exact one at most, as measured.';

ALTER TABLE public.boundary_versions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.boundary_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.calendar_days (
    district_id bigint NOT NULL,
    day date NOT NULL,
    working boolean NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    CONSTRAINT calendar_days_name_short CHECK ((length(name) <= 80)),
    CONSTRAINT calendar_days_range CHECK (((day >= '2000-01-01'::date) AND (day < '2200-01-01'::date)))
);

COMMENT ON TABLE public.calendar_days IS 'Days that are not as their weekday: holidays (also on a weekend) and days worked instead.';

CREATE TABLE public.calendar_years (
    district_id bigint NOT NULL,
    year smallint NOT NULL,
    declared_at timestamp with time zone NOT NULL,
    declared_by bigint,
    CONSTRAINT calendar_years_range CHECK (((year >= 2000) AND (year <= 2199)))
);

COMMENT ON COLUMN public.calendar_years.declared_by IS 'Null: known to the program.';

CREATE TABLE public.calendars (
    district_id bigint NOT NULL,
    stamp uuid DEFAULT gen_random_uuid() NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    recomputed uuid,
    through_holidays text[] DEFAULT '{seat}'::text[] NOT NULL,
    recomputed_pack bigint,
    CONSTRAINT calendars_kinds_known CHECK ((through_holidays <@ '{working,seat}'::text[]))
);

COMMENT ON COLUMN public.calendars.stamp IS 'Another with every change; never used twice, not even by a transaction that is rolled back.';

COMMENT ON COLUMN public.calendars.recomputed IS 'The stamp under which the open deadlines stand; another than `stamp`: they are to be recomputed.';

COMMENT ON COLUMN public.calendars.through_holidays IS 'Kinds of time that run on holidays as in any week.';

COMMENT ON COLUMN public.calendars.recomputed_pack IS 'The pack version under whose limits the open deadlines stand.';

CREATE TABLE public.case_events (
    case_id uuid NOT NULL,
    n integer NOT NULL,
    cycle integer NOT NULL,
    command_id uuid NOT NULL,
    action text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    actor bigint,
    organisation bigint,
    device uuid,
    made_at text NOT NULL,
    acted_at text NOT NULL,
    received_at text NOT NULL,
    body text NOT NULL,
    prev_hash text NOT NULL,
    hash text NOT NULL,
    CONSTRAINT case_events_first CHECK (((n = 1) = (prev_hash = ''::text))),
    CONSTRAINT case_events_hash_form CHECK ((hash ~ '^[0-9a-f]{64}$'::text))
);

CREATE TABLE public.case_keys (
    number text NOT NULL,
    source text NOT NULL,
    external_id text,
    case_id uuid NOT NULL
);

CREATE SEQUENCE public.case_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.case_words (
    case_id uuid NOT NULL,
    words tsvector NOT NULL
);

CREATE TABLE public.change_counter (
    district_id bigint NOT NULL,
    seq bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.change_log (
    district_id bigint NOT NULL,
    seq bigint NOT NULL,
    n integer NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    version integer,
    scope_before bigint[],
    scope_after bigint[],
    handlers bigint[],
    people bigint[],
    logged_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT change_log_kind_known CHECK ((kind = ANY (ARRAY['case'::text, 'grid'::text, 'pack'::text, 'person'::text, 'message'::text, 'decision'::text, 'document'::text])))
);

COMMENT ON TABLE public.change_log IS 'One seq a transaction, taken at commit under the lock of the district''s counter; n counts inside it. scope_* = district, street, community, grid before and after, so that leaving and entering a scope can be told.';

CREATE TABLE public.closed_cells (
    district_id bigint NOT NULL,
    facet text NOT NULL,
    cx integer NOT NULL,
    cy integer NOT NULL,
    grid_id bigint NOT NULL,
    community_id bigint NOT NULL,
    street_id bigint NOT NULL,
    state text NOT NULL,
    late boolean NOT NULL,
    n bigint NOT NULL,
    lon_e7 bigint NOT NULL,
    lat_e7 bigint NOT NULL,
    high bigint NOT NULL,
    low bigint NOT NULL
);

CREATE TABLE public.commands (
    command_id uuid NOT NULL,
    origin text NOT NULL,
    device_id uuid,
    seq bigint,
    person_id bigint,
    kind text NOT NULL,
    case_id uuid,
    body_hash text NOT NULL,
    made_at timestamp with time zone,
    received_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer,
    payload text,
    CONSTRAINT commands_origin_known CHECK ((origin = ANY (ARRAY['tablet'::text, 'console'::text, 'api'::text, 'import'::text, 'system'::text, 'link'::text]))),
    CONSTRAINT commands_outcome_known CHECK ((outcome = ANY (ARRAY['applied'::text, 'applied_with_conflict'::text, 'held'::text, 'rejected'::text])))
);

COMMENT ON COLUMN public.commands.payload IS 'The command as it came (canonical JSON); erasable, the hash stays.';

CREATE TABLE public.contacts (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    person_id bigint,
    organisation_id bigint,
    mail text NOT NULL,
    every_min smallint DEFAULT 30 NOT NULL,
    quiet_from time without time zone,
    quiet_to time without time zone,
    active boolean DEFAULT true NOT NULL,
    last_letter_at timestamp with time zone,
    CONSTRAINT contacts_every_range CHECK (((every_min >= 0) AND (every_min <= 1440))),
    CONSTRAINT contacts_mail_form CHECK (((mail ~ '^[^@[:space:]<>,;]+@[^@[:space:]<>,;]+$'::text) OR ((mail = ''::text) AND (NOT active)))),
    CONSTRAINT contacts_of_one CHECK (((person_id IS NULL) <> (organisation_id IS NULL))),
    CONSTRAINT contacts_quiet_whole CHECK (((quiet_from IS NULL) = (quiet_to IS NULL)))
);

ALTER TABLE public.contacts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.contacts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.credentials (
    person_id bigint NOT NULL,
    password_hash text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.crew_suspensions (
    id bigint NOT NULL,
    organisation_id bigint NOT NULL,
    basis text NOT NULL,
    reason text NOT NULL,
    first_day date NOT NULL,
    last_day date,
    made_by bigint,
    made_at timestamp with time zone NOT NULL,
    lifted_by bigint,
    lifted_at timestamp with time zone,
    CONSTRAINT crew_suspensions_basis_known CHECK ((basis = ANY (ARRAY['sample'::text, 'complaint'::text, 'document'::text, 'other'::text]))),
    CONSTRAINT crew_suspensions_days_in_order CHECK ((last_day >= first_day)),
    CONSTRAINT crew_suspensions_reason_not_empty CHECK ((reason <> ''::text))
);

COMMENT ON TABLE public.crew_suspensions IS 'A crew that is given nothing new for a while, after a third party''s blind sample for example. What it has in hand stays.';

ALTER TABLE public.crew_suspensions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.crew_suspensions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.deadlines (
    case_id uuid NOT NULL,
    cycle integer NOT NULL,
    kind text NOT NULL,
    limit_min integer NOT NULL,
    time_kind text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    paused_at timestamp with time zone,
    due_at timestamp with time zone NOT NULL,
    provisional boolean DEFAULT false NOT NULL,
    stopped_at timestamp with time zone,
    escalations smallint DEFAULT 0 NOT NULL,
    pauses timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    granted_min integer DEFAULT 0 NOT NULL,
    escalate_at timestamp with time zone,
    CONSTRAINT deadlines_kind_known CHECK ((kind = ANY (ARRAY['register'::text, 'verify'::text, 'dispatch'::text, 'handle'::text, 'inspect'::text, 'close'::text, 'whole'::text, 'reply'::text, 'wait'::text, 'arrive'::text, 'help'::text, 'notice'::text, 'supervise'::text, 'enforce'::text, 'suspend'::text]))),
    CONSTRAINT deadlines_limit_positive CHECK ((limit_min > 0)),
    CONSTRAINT deadlines_pauses_paired CHECK (((cardinality(pauses) % 2) = 0)),
    CONSTRAINT deadlines_time_kind_known CHECK ((time_kind = ANY (ARRAY['seat'::text, 'working'::text, 'emergency'::text, 'calendar'::text, 'fixed'::text])))
);

COMMENT ON COLUMN public.deadlines.pauses IS 'Spans in which the clock stood: from, to, from, to …; a pause that goes on is in paused_at.';

COMMENT ON COLUMN public.deadlines.granted_min IS 'What extensions added to the original limit, limit_min.';

COMMENT ON COLUMN public.deadlines.escalate_at IS 'When this clock, missed, goes one level up: at due_at, and once more after one more original limit. Null: not (any more).';

CREATE TABLE public.devices (
    id uuid NOT NULL,
    person_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    app_version text DEFAULT ''::text NOT NULL,
    enrolled_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone,
    last_seq bigint DEFAULT 0 NOT NULL,
    seq_gaps jsonb DEFAULT '[]'::jsonb NOT NULL,
    repairs integer DEFAULT 0 NOT NULL,
    repaired_at timestamp with time zone,
    refusals integer DEFAULT 0 NOT NULL,
    refused_at timestamp with time zone,
    CONSTRAINT devices_state_known CHECK ((state = ANY (ARRAY['active'::text, 'revoked'::text])))
);

COMMENT ON COLUMN public.devices.seq_gaps IS 'Numbers that never arrived though later ones did: [{first, last, since}] in order, since = when a later one arrived.';

COMMENT ON COLUMN public.devices.repairs IS 'How many parts of its mirror differed from what they should have been and were fetched again.';

COMMENT ON COLUMN public.devices.refusals IS 'How many packages it refused: not signed by the office that it enrolled with, or not whole.';

CREATE TABLE public.district_packs (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    version_id bigint,
    code text NOT NULL,
    file text NOT NULL,
    put_at timestamp with time zone NOT NULL,
    put_by bigint
);

COMMENT ON TABLE public.district_packs IS 'What a district put in force, one row each time; the last one counts.';

COMMENT ON COLUMN public.district_packs.version_id IS 'Null: from then on the pack of that code as the program brings it.';

COMMENT ON COLUMN public.district_packs.put_by IS 'Null: from the command line.';

ALTER TABLE public.district_packs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.district_packs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.districts (
    id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    pack text NOT NULL,
    current_version bigint
);

CREATE TABLE public.document_nodes (
    document_id bigint NOT NULL,
    node_id bigint NOT NULL
);

CREATE TABLE public.document_notes (
    document_id bigint NOT NULL,
    n integer NOT NULL,
    organisation_id bigint NOT NULL
);

CREATE TABLE public.document_papers (
    document_id bigint NOT NULL,
    n integer NOT NULL,
    place smallint NOT NULL,
    sha256 text NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.document_pictures (
    document_id bigint NOT NULL,
    n integer NOT NULL,
    place smallint NOT NULL,
    sha256 text NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.document_versions (
    document_id bigint NOT NULL,
    n integer NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by bigint NOT NULL
);

COMMENT ON TABLE public.document_versions IS 'Written once: what was published can be read again as it was.';

CREATE TABLE public.documents (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    organisation_id bigint NOT NULL,
    kind text NOT NULL,
    safety boolean DEFAULT false NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by bigint NOT NULL,
    published_n integer,
    published_at timestamp with time zone,
    published_by bigint,
    withdrawn_at timestamp with time zone,
    withdrawn_by bigint,
    CONSTRAINT documents_kind_known CHECK ((kind = ANY (ARRAY['notice'::text, 'document'::text]))),
    CONSTRAINT documents_published_whole CHECK ((((published_n IS NULL) = (published_at IS NULL)) AND ((published_n IS NULL) = (published_by IS NULL)))),
    CONSTRAINT documents_safety_is_a_notice CHECK (((NOT safety) OR (kind = 'notice'::text))),
    CONSTRAINT documents_withdrawn_whole CHECK (((withdrawn_at IS NULL) = (withdrawn_by IS NULL)))
);

ALTER TABLE public.documents ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.documents_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.enrol_codes (
    code_hash bytea NOT NULL,
    person_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    device_id uuid,
    id bigint NOT NULL,
    made_by bigint
);

ALTER TABLE public.enrol_codes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.enrol_codes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.epoch (
    only_one boolean DEFAULT true NOT NULL,
    epoch uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT epoch_only_one CHECK (only_one)
);

CREATE TABLE public.erasures (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    person_id bigint,
    case_id uuid,
    n integer,
    by_id bigint,
    reason text NOT NULL,
    cuts jsonb,
    sha256 text,
    CONSTRAINT erasures_of_something CHECK (((((((person_id IS NOT NULL))::integer + (((case_id IS NOT NULL) AND (n IS NOT NULL)))::integer) + (((case_id IS NOT NULL) AND (cuts IS NOT NULL)))::integer) + (((case_id IS NOT NULL) AND (sha256 IS NOT NULL)))::integer) = 1))
);

COMMENT ON TABLE public.erasures IS 'What was erased, never the words: a restored copy is erased again by it, and the proof knows why words are gone.';

CREATE TABLE public.event_private (
    case_id uuid NOT NULL,
    n integer NOT NULL,
    salt text NOT NULL,
    body text NOT NULL
);

COMMENT ON TABLE public.event_private IS 'Free text, names, phones; the event holds SHA-256(salt || body), so erasing a row keeps the chain whole.';

CREATE TABLE public.exchanges (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    direction text NOT NULL,
    district_id bigint NOT NULL,
    person_id bigint,
    token_id bigint,
    webhook_id bigint,
    method text NOT NULL,
    path text NOT NULL,
    status integer NOT NULL,
    ms integer NOT NULL,
    request_id text NOT NULL,
    bytes_in bigint DEFAULT 0 NOT NULL,
    bytes_out bigint DEFAULT 0 NOT NULL,
    number text,
    external_id text,
    error text,
    CONSTRAINT exchanges_direction_known CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text])))
);

ALTER TABLE public.exchanges ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.exchanges_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.facilities (
    id bigint NOT NULL,
    layer_id bigint NOT NULL,
    code text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    properties jsonb DEFAULT '{}'::jsonb NOT NULL,
    geom public.geometry(Geometry,4326) NOT NULL,
    place public.geometry(Point,4326) NOT NULL,
    grid_id bigint,
    status text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT facilities_code_not_empty CHECK ((code <> ''::text)),
    CONSTRAINT facilities_status_known CHECK ((status = ANY (ARRAY['inside'::text, 'border'::text, 'nearest'::text, 'outside'::text])))
);

COMMENT ON COLUMN public.facilities.place IS 'The point itself, or the middle of a line: what is nearest, and in which grid, is asked of it.';

ALTER TABLE public.facilities ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.facilities_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.forged_commands (
    command_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    device_id uuid,
    person_id bigint,
    body_hash text NOT NULL,
    payload text NOT NULL
);

COMMENT ON TABLE public.forged_commands IS 'A known command id that came with another content: refused with 409, kept for people to see.';

CREATE TABLE public.grid_nodes (
    id bigint NOT NULL,
    district_id bigint,
    level smallint NOT NULL,
    code text NOT NULL,
    CONSTRAINT grid_nodes_code_not_empty CHECK ((code <> ''::text)),
    CONSTRAINT grid_nodes_level_range CHECK (((level >= 0) AND (level <= 4)))
);

COMMENT ON TABLE public.grid_nodes IS 'What stays the same of a grid over all versions of boundaries: its code in its district. A level-0 node is its own district.';

ALTER TABLE public.grid_nodes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.grid_nodes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.grid_tiles (
    version_id bigint NOT NULL,
    z smallint NOT NULL,
    x integer NOT NULL,
    y integer NOT NULL,
    data bytea NOT NULL
);

CREATE TABLE public.grids (
    version_id bigint NOT NULL,
    node_id bigint NOT NULL,
    parent_id bigint,
    level smallint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    households integer,
    kind text DEFAULT 'grid'::text NOT NULL,
    geom public.geometry(MultiPolygon,4326) NOT NULL,
    inside public.geometry(Point,4326) NOT NULL,
    current boolean DEFAULT false NOT NULL,
    simple public.geometry(MultiPolygon,4326),
    CONSTRAINT grids_households_sane CHECK (((households IS NULL) OR ((households >= 0) AND (households <= 1000000))))
);

COMMENT ON COLUMN public.grids.simple IS 'The shape as tablets carry it; null: the shape itself.';

CREATE TABLE public.holds (
    command_id uuid NOT NULL,
    case_id uuid,
    district_id bigint NOT NULL,
    reason text NOT NULL,
    seen_version integer,
    now_version integer,
    created_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decided_by bigint,
    decision text,
    device_id uuid,
    depends_on uuid,
    offset_ms bigint,
    decides_id bigint,
    due_at timestamp with time zone,
    escalations smallint DEFAULT 0 NOT NULL,
    decided_office bigint,
    decided_as uuid,
    said text DEFAULT ''::text NOT NULL,
    CONSTRAINT holds_decided_whole CHECK (((decided_at IS NULL) = (decision IS NULL))),
    CONSTRAINT holds_decision_known CHECK ((decision = ANY (ARRAY['apply'::text, 'change'::text, 'refuse'::text, 'with'::text])))
);

COMMENT ON COLUMN public.holds.offset_ms IS 'How far the device''s clock was before the server''s when it sent (negative: behind); null where it did not say.';

COMMENT ON COLUMN public.holds.decided_as IS 'The command that carried the decision into the case; the held command''s own answer stays "held" for ever.';

COMMENT ON COLUMN public.holds.said IS 'What the office says to whoever made it; erasable.';

CREATE UNLOGGED TABLE public.knocks (
    door text NOT NULL,
    who text NOT NULL,
    since timestamp with time zone NOT NULL,
    count integer NOT NULL
);

COMMENT ON TABLE public.knocks IS 'How often an address, a link or a case number came to a public door; forgotten after a day.';

CREATE TABLE public.layer_openings (
    layer_id bigint NOT NULL,
    person_id bigint NOT NULL,
    hour timestamp with time zone NOT NULL,
    organisation_id bigint,
    sent integer DEFAULT 0 NOT NULL,
    told integer DEFAULT 0 NOT NULL
);

COMMENT ON COLUMN public.layer_openings.sent IS 'How many facilities of the layer went out to the person in this hour, each time that one did.';

COMMENT ON COLUMN public.layer_openings.told IS 'How many of them rows of the access log say.';

CREATE TABLE public.layers (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    category_system text DEFAULT ''::text NOT NULL,
    category_code text DEFAULT ''::text NOT NULL,
    readers text[] NOT NULL,
    on_tablets boolean DEFAULT true NOT NULL,
    source_name text DEFAULT ''::text NOT NULL,
    source_sha256 text DEFAULT ''::text NOT NULL,
    loaded_at timestamp with time zone NOT NULL,
    loads integer DEFAULT 0 NOT NULL,
    CONSTRAINT layers_code_plain CHECK ((code ~ '^[a-z0-9][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT layers_kind_known CHECK ((kind = ANY (ARRAY['point'::text, 'line'::text]))),
    CONSTRAINT layers_name_not_empty CHECK ((name <> ''::text)),
    CONSTRAINT layers_readers_known CHECK ((readers <@ ARRAY['admin'::text, 'auditor'::text, 'centre'::text, 'street'::text, 'community'::text, 'worker'::text, 'crew'::text, 'resident-service'::text]))
);

COMMENT ON COLUMN public.layers.readers IS 'The roles that may see what is in the layer; nobody else learns of it.';

ALTER TABLE public.layers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.layers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.letter_lines (
    contact_id bigint NOT NULL,
    message_id bigint NOT NULL,
    urgent boolean NOT NULL,
    outbox_id bigint
);

CREATE TABLE public.memberships (
    id bigint NOT NULL,
    person_id bigint NOT NULL,
    organisation_id bigint NOT NULL,
    role text NOT NULL,
    duties text[] DEFAULT '{}'::text[] NOT NULL,
    grid_id bigint NOT NULL,
    valid_from timestamp with time zone DEFAULT now() NOT NULL,
    valid_to timestamp with time zone,
    CONSTRAINT memberships_duties_known CHECK ((duties <@ ARRAY['intake'::text, 'duty'::text, 'dispatcher'::text, 'supervisor'::text])),
    CONSTRAINT memberships_role_known CHECK ((role = ANY (ARRAY['admin'::text, 'auditor'::text, 'centre'::text, 'street'::text, 'community'::text, 'worker'::text, 'crew'::text, 'resident-service'::text])))
);

COMMENT ON COLUMN public.memberships.grid_id IS 'The root of the subtree that this membership may see and act in.';

ALTER TABLE public.memberships ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.memberships_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.message_reads (
    message_id bigint NOT NULL,
    person_id bigint NOT NULL
);

COMMENT ON TABLE public.message_reads IS 'Shown to nobody but the reader: no time, no receipts.';

CREATE TABLE public.messages (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    to_kind text NOT NULL,
    to_id bigint NOT NULL,
    case_id uuid,
    number text,
    n integer NOT NULL,
    action text NOT NULL,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    urgent boolean DEFAULT false NOT NULL,
    made_at timestamp with time zone NOT NULL,
    held_id uuid,
    CONSTRAINT messages_about_something CHECK ((((case_id IS NULL) = (number IS NULL)) AND ((case_id IS NOT NULL) OR (held_id IS NOT NULL)))),
    CONSTRAINT messages_to_kind_known CHECK (((to_kind = ANY (ARRAY['person'::text, 'organisation'::text, 'grid'::text])) OR (to_kind ~ '^duty:[a-z]+$'::text)))
);

COMMENT ON COLUMN public.messages.n IS 'Which event of the case; of a held act how often it had gone up, 0 where it was decided.';

COMMENT ON COLUMN public.messages.held_id IS 'The held act that this is about; what was said about it is read there, so that it can be erased.';

ALTER TABLE public.messages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.migrations (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.organisations (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    grid_id bigint NOT NULL,
    trades text[] DEFAULT '{}'::text[] NOT NULL,
    depot public.geometry(Point,4326),
    capacity integer,
    active boolean DEFAULT true NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    CONSTRAINT organisations_kind_known CHECK ((kind = ANY (ARRAY['centre'::text, 'street'::text, 'community'::text, 'crew'::text, 'outside'::text])))
);

COMMENT ON COLUMN public.organisations.phone IS 'Under which residents reach the office: public, printed on slips.';

ALTER TABLE public.organisations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.organisations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.papers (
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    stored_at timestamp with time zone NOT NULL,
    damaged_at timestamp with time zone,
    CONSTRAINT papers_sha256_form CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

CREATE VIEW public.originals AS
 SELECT blobs.sha256,
    blobs.bytes,
    blobs.damaged_at
   FROM public.blobs
UNION ALL
 SELECT papers.sha256,
    papers.bytes,
    papers.damaged_at
   FROM public.papers;

CREATE TABLE public.outbox (
    id bigint NOT NULL,
    key text NOT NULL,
    channel text NOT NULL,
    district_id bigint NOT NULL,
    contact_id bigint,
    webhook_id bigint,
    case_id uuid,
    number text,
    n integer,
    body text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    given_up_at timestamp with time zone,
    error text,
    CONSTRAINT outbox_channel_known CHECK ((channel = ANY (ARRAY['mail'::text, 'webhook'::text]))),
    CONSTRAINT outbox_ends_once CHECK (((sent_at IS NULL) OR (given_up_at IS NULL))),
    CONSTRAINT outbox_to_one CHECK ((((channel = 'mail'::text) = (contact_id IS NOT NULL)) AND ((channel = 'webhook'::text) = (webhook_id IS NOT NULL))))
);

ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.outside_links (
    token_hash bytea NOT NULL,
    case_id uuid NOT NULL,
    cycle integer NOT NULL,
    organisation_id bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

CREATE TABLE public.outside_told (
    case_id uuid NOT NULL,
    told jsonb NOT NULL
);

CREATE TABLE public.pack_versions (
    id bigint NOT NULL,
    code text NOT NULL,
    sha256 text NOT NULL,
    body jsonb NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.pack_versions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.pack_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.people (
    id bigint NOT NULL,
    login text NOT NULL,
    lang text DEFAULT 'zh-CN'::text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.people ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.people_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.people_private (
    person_id bigint NOT NULL,
    name text NOT NULL,
    phone text
);

COMMENT ON TABLE public.people_private IS 'What erasing a person deletes; the chain refers to people.id only.';

CREATE TABLE public.permits (
    id bigint NOT NULL,
    organisation_id bigint NOT NULL,
    category text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    note text DEFAULT ''::text NOT NULL,
    granted_by bigint,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT permits_category_form CHECK (((category <> ''::text) AND (category ~ '^[^*[:space:]]*[*]?$'::text))),
    CONSTRAINT permits_days_in_order CHECK ((valid_to >= valid_from))
);

COMMENT ON COLUMN public.permits.category IS 'A category as "system/code"; ending in * it permits what begins so.';

COMMENT ON COLUMN public.permits.valid_to IS 'The last day, by the district''s own calendar; null: no end.';

ALTER TABLE public.permits ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.permits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.public_links (
    token_hash bytea NOT NULL,
    case_id uuid NOT NULL,
    code_hash bytea,
    made_at timestamp with time zone NOT NULL,
    made_by bigint,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT public_links_ends_later CHECK ((expires_at > made_at))
);

COMMENT ON COLUMN public.public_links.code_hash IS 'SHA-256 over case and code; links that a code opened for a day have none.';

CREATE TABLE public.qualifications (
    id bigint NOT NULL,
    organisation_id bigint NOT NULL,
    kind text NOT NULL,
    document text NOT NULL,
    valid_to date,
    entered_by bigint,
    entered_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT qualifications_kind_not_empty CHECK ((kind <> ''::text))
);

COMMENT ON TABLE public.qualifications IS 'What a crew can prove by a document; the pack says which condition of a category asks for which kind.';

ALTER TABLE public.qualifications ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.qualifications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.refused_pictures (
    sha256 text NOT NULL,
    code text NOT NULL,
    refused_at timestamp with time zone NOT NULL,
    CONSTRAINT refused_pictures_code_known CHECK ((code = ANY (ARRAY['not_a_picture'::text, 'too_many_pixels'::text, 'moving'::text, 'too_costly'::text, 'unreadable'::text, 'polyglot'::text, 'erased'::text]))),
    CONSTRAINT refused_pictures_sha256_form CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE public.refused_pictures IS 'Content that was declared and sent, and is not taken: a fact about the bytes, so it holds for every case that declares them.';

CREATE TABLE public.security_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    what text NOT NULL,
    person_id bigint,
    address text DEFAULT ''::text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON TABLE public.security_log IS 'Sign-ins, refusals, enrolments, revocations, exports, unmasking: who, when, from where.';

ALTER TABLE public.security_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.security_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.sent_photos (
    id uuid NOT NULL,
    person_id bigint NOT NULL,
    sha256 text NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.sent_photos IS 'Kept until it is named on a case, at most a week; the bytes go with the row unless a case has them.';

CREATE TABLE public.shipped_packs (
    code text NOT NULL,
    version_id bigint NOT NULL,
    kept_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

COMMENT ON TABLE public.shipped_packs IS 'The newest content of every pack that came with the program; migrate keeps it.';

CREATE TABLE public.signing_keys (
    purpose text NOT NULL,
    seed bytea NOT NULL,
    CONSTRAINT signing_keys_seed_long CHECK ((octet_length(seed) = 32))
);

COMMENT ON TABLE public.signing_keys IS 'Ed25519 seeds of this installation; what tablets are handed is the public half.';

CREATE TABLE public.task_runs (
    name text NOT NULL,
    started timestamp with time zone NOT NULL,
    ended timestamp with time zone,
    result bigint,
    error text,
    "position" text DEFAULT ''::text NOT NULL
);

COMMENT ON TABLE public.task_runs IS 'The last run of each task, and where a slicing task goes on.';

CREATE TABLE public.uploads (
    id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    device_id uuid NOT NULL,
    bytes bigint NOT NULL,
    offset_bytes bigint DEFAULT 0 NOT NULL,
    sha256 text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT uploads_offset_range CHECK (((offset_bytes >= 0) AND (offset_bytes <= bytes)))
);

CREATE TABLE public.web_sessions (
    token_hash bytea NOT NULL,
    person_id bigint NOT NULL,
    csrf text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.webhooks (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    source text NOT NULL,
    url text NOT NULL,
    secret text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by bigint,
    failures integer DEFAULT 0 NOT NULL,
    rest_until timestamp with time zone,
    CONSTRAINT webhooks_source_form CHECK ((source ~ '^[A-Za-z0-9_.:-]{1,50}$'::text))
);

COMMENT ON COLUMN public.webhooks.secret IS 'Readable, because every delivery is signed with it; shown to people once.';

COMMENT ON COLUMN public.webhooks.rest_until IS 'After a failure the receiver is left alone until then, however many deliveries wait.';

ALTER TABLE public.webhooks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhooks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.workflow_moves (
    action text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL
);

COMMENT ON TABLE public.workflow_moves IS 'Filled by migrate from protocol/workflow.py; from_state is "" for a new case.';

CREATE TABLE public.working_hours (
    district_id bigint NOT NULL,
    time_kind text NOT NULL,
    weekday smallint NOT NULL,
    opens smallint NOT NULL,
    closes smallint NOT NULL,
    CONSTRAINT working_hours_kind_known CHECK ((time_kind = ANY (ARRAY['working'::text, 'seat'::text]))),
    CONSTRAINT working_hours_weekday_known CHECK (((weekday >= 1) AND (weekday <= 7))),
    CONSTRAINT working_hours_within_day CHECK (((opens >= 0) AND (opens < closes) AND (closes <= 1440)))
);

COMMENT ON TABLE public.working_hours IS 'Minutes of the local day; Monday is 1. A kind of time without rows has the usual hours.';

ALTER TABLE ONLY public.access_log
    ADD CONSTRAINT access_log_pkey PRIMARY KEY (n);

ALTER TABLE ONLY public.anchors
    ADD CONSTRAINT anchors_pkey PRIMARY KEY (n);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY public.boundary_drafts
    ADD CONSTRAINT boundary_drafts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.boundary_versions
    ADD CONSTRAINT boundary_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calendar_days
    ADD CONSTRAINT calendar_days_pkey PRIMARY KEY (district_id, day);

ALTER TABLE ONLY public.calendar_years
    ADD CONSTRAINT calendar_years_pkey PRIMARY KEY (district_id, year);

ALTER TABLE ONLY public.calendars
    ADD CONSTRAINT calendars_pkey PRIMARY KEY (district_id);

ALTER TABLE ONLY public.case_events
    ADD CONSTRAINT case_events_pkey PRIMARY KEY (case_id, n);

ALTER TABLE ONLY public.case_keys
    ADD CONSTRAINT case_keys_case_key UNIQUE (case_id);

ALTER TABLE ONLY public.case_keys
    ADD CONSTRAINT case_keys_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.case_keys
    ADD CONSTRAINT case_keys_source_external_id_key UNIQUE (source, external_id);

ALTER TABLE ONLY public.case_words
    ADD CONSTRAINT case_words_pkey PRIMARY KEY (case_id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.change_counter
    ADD CONSTRAINT change_counter_pkey PRIMARY KEY (district_id);

ALTER TABLE ONLY public.change_log
    ADD CONSTRAINT change_log_pkey PRIMARY KEY (district_id, seq, n);

ALTER TABLE ONLY public.closed_cells
    ADD CONSTRAINT closed_cells_pkey PRIMARY KEY (district_id, facet, cx, cy, grid_id, community_id, street_id, state, late);

ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (command_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_organisation_key UNIQUE (organisation_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_person_key UNIQUE (person_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (person_id);

ALTER TABLE ONLY public.crew_suspensions
    ADD CONSTRAINT crew_suspensions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.cycles
    ADD CONSTRAINT cycles_pkey PRIMARY KEY (case_id, n);

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT deadlines_pkey PRIMARY KEY (case_id, cycle, kind);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_token_key UNIQUE (token_hash);

ALTER TABLE ONLY public.district_packs
    ADD CONSTRAINT district_packs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_code_key UNIQUE (code);

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.document_nodes
    ADD CONSTRAINT document_nodes_pkey PRIMARY KEY (document_id, node_id);

ALTER TABLE ONLY public.document_notes
    ADD CONSTRAINT document_notes_pkey PRIMARY KEY (document_id, n, organisation_id);

ALTER TABLE ONLY public.document_papers
    ADD CONSTRAINT document_papers_pkey PRIMARY KEY (document_id, n, place);

ALTER TABLE ONLY public.document_pictures
    ADD CONSTRAINT document_pictures_pkey PRIMARY KEY (document_id, n, place);

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_pkey PRIMARY KEY (document_id, n);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrol_codes
    ADD CONSTRAINT enrol_codes_id_key UNIQUE (id);

ALTER TABLE ONLY public.enrol_codes
    ADD CONSTRAINT enrol_codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY public.epoch
    ADD CONSTRAINT epoch_pkey PRIMARY KEY (only_one);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_event_key UNIQUE (case_id, n);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_person_key UNIQUE (person_id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_private
    ADD CONSTRAINT event_private_pkey PRIMARY KEY (case_id, n);

ALTER TABLE ONLY public.exchanges
    ADD CONSTRAINT exchanges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.facilities
    ADD CONSTRAINT facilities_code_key UNIQUE (layer_id, code);

ALTER TABLE ONLY public.facilities
    ADD CONSTRAINT facilities_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.forged_commands
    ADD CONSTRAINT forged_commands_pkey PRIMARY KEY (command_id, body_hash);

ALTER TABLE ONLY public.grid_nodes
    ADD CONSTRAINT grid_nodes_district_code_key UNIQUE (district_id, code);

ALTER TABLE ONLY public.grid_nodes
    ADD CONSTRAINT grid_nodes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.grid_tiles
    ADD CONSTRAINT grid_tiles_pkey PRIMARY KEY (version_id, z, x, y);

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_pkey PRIMARY KEY (version_id, node_id);

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_version_code_key UNIQUE (version_id, code);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (command_id);

ALTER TABLE ONLY public.knocks
    ADD CONSTRAINT knocks_pkey PRIMARY KEY (door, who, since);

ALTER TABLE ONLY public.layer_openings
    ADD CONSTRAINT layer_openings_pkey PRIMARY KEY (layer_id, person_id, hour);

ALTER TABLE ONLY public.layers
    ADD CONSTRAINT layers_code_key UNIQUE (district_id, code);

ALTER TABLE ONLY public.layers
    ADD CONSTRAINT layers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.letter_lines
    ADD CONSTRAINT letter_lines_pkey PRIMARY KEY (contact_id, message_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.message_reads
    ADD CONSTRAINT message_reads_pkey PRIMARY KEY (message_id, person_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_once_key UNIQUE NULLS NOT DISTINCT (case_id, held_id, n, to_kind, to_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_code_key UNIQUE (district_id, code);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_key_key UNIQUE (key);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outside_links
    ADD CONSTRAINT outside_links_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.outside_told
    ADD CONSTRAINT outside_told_pkey PRIMARY KEY (case_id);

ALTER TABLE ONLY public.pack_versions
    ADD CONSTRAINT pack_versions_content_key UNIQUE (code, sha256);

ALTER TABLE ONLY public.pack_versions
    ADD CONSTRAINT pack_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.papers
    ADD CONSTRAINT papers_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_login_key UNIQUE (login);

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.people_private
    ADD CONSTRAINT people_private_pkey PRIMARY KEY (person_id);

ALTER TABLE ONLY public.permits
    ADD CONSTRAINT permits_once_key UNIQUE (organisation_id, category, valid_from);

ALTER TABLE ONLY public.permits
    ADD CONSTRAINT permits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.public_links
    ADD CONSTRAINT public_links_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_once_key UNIQUE (organisation_id, kind, document);

ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refused_pictures
    ADD CONSTRAINT refused_pictures_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY public.security_log
    ADD CONSTRAINT security_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sent_photos
    ADD CONSTRAINT sent_photos_once UNIQUE (person_id, sha256);

ALTER TABLE ONLY public.sent_photos
    ADD CONSTRAINT sent_photos_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.shipped_packs
    ADD CONSTRAINT shipped_packs_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (purpose);

ALTER TABLE ONLY public.task_runs
    ADD CONSTRAINT task_runs_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_attachment_key UNIQUE (attachment_id, device_id);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.web_sessions
    ADD CONSTRAINT web_sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.workflow_moves
    ADD CONSTRAINT workflow_moves_pkey PRIMARY KEY (action, from_state, to_state);

ALTER TABLE ONLY public.working_hours
    ADD CONSTRAINT working_hours_pkey PRIMARY KEY (district_id, time_kind, weekday, opens);

CREATE INDEX access_log_case_idx ON public.access_log USING btree (case_id) WHERE (case_id IS NOT NULL);

CREATE INDEX access_log_district_idx ON public.access_log USING btree (district_id, n);

CREATE INDEX anchors_day_idx ON public.anchors USING btree (day);

CREATE INDEX attachments_case_idx ON public.attachments USING btree (case_id);

CREATE INDEX attachments_sha256_idx ON public.attachments USING btree (sha256);

CREATE INDEX attachments_waiting_idx ON public.attachments USING btree (declared_at) WHERE (arrived_at IS NULL);

CREATE INDEX blobs_damaged_idx ON public.blobs USING btree (sha256) WHERE (damaged_at IS NOT NULL);

CREATE INDEX boundary_drafts_district_idx ON public.boundary_drafts USING btree (district_id, made_at DESC);

CREATE INDEX boundary_versions_reroute_idx ON public.boundary_versions USING btree (district_id) WHERE (reroute AND (rerouted_at IS NULL));

CREATE INDEX case_words_idx ON public.case_words USING gin (words);

CREATE INDEX cases_appeals_idx ON public.cases USING btree (id) WHERE (flags @> '{appeal_open}'::text[]);

CREATE INDEX cases_claimable_idx ON public.cases USING btree (district_id, reported_at DESC, id DESC) WHERE ((state = 'registered'::text) AND (flags @> '{claimable}'::text[]));

CREATE INDEX cases_community_due_idx ON public.cases USING btree (community_id, next_due_at, id) WHERE (closed_at IS NULL);

CREATE INDEX cases_community_reported_idx ON public.cases USING btree (community_id, reported_at DESC, id DESC);

CREATE INDEX cases_district_due_idx ON public.cases USING btree (district_id, next_due_at, id) WHERE (closed_at IS NULL);

CREATE INDEX cases_district_reported_idx ON public.cases USING btree (district_id, reported_at DESC, id DESC);

CREATE INDEX cases_grid_state_idx ON public.cases USING btree (grid_id, state);

CREATE INDEX cases_handler_due_idx ON public.cases USING btree (handler_id, next_due_at, id) WHERE ((handler_id IS NOT NULL) AND (closed_at IS NULL));

CREATE INDEX cases_handler_reported_idx ON public.cases USING btree (handler_id, reported_at DESC, id DESC) WHERE (handler_id IS NOT NULL);

CREATE INDEX cases_helpers_idx ON public.cases USING gin (helpers) WHERE (helpers <> '{}'::bigint[]);

CREATE INDEX cases_parent_idx ON public.cases USING btree (parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX cases_place_idx ON public.cases USING gist (place);

CREATE INDEX cases_published_idx ON public.cases USING btree (street_id, closed_at DESC, id DESC) WHERE (state = 'closed'::text);

CREATE INDEX cases_reporter_idx ON public.cases USING btree (reporter_id, id) WHERE (reporter_id IS NOT NULL);

CREATE INDEX cases_street_due_idx ON public.cases USING btree (street_id, next_due_at, id) WHERE (closed_at IS NULL);

CREATE INDEX cases_street_reported_idx ON public.cases USING btree (street_id, reported_at DESC, id DESC);

CREATE INDEX cases_survivor_idx ON public.cases USING btree (survivor_id) WHERE (survivor_id IS NOT NULL);

CREATE INDEX commands_case_idx ON public.commands USING btree (case_id) WHERE (outcome <> 'applied'::text);

CREATE INDEX commands_device_seq_idx ON public.commands USING btree (device_id, seq) WHERE (device_id IS NOT NULL);

CREATE INDEX crew_suspensions_organisation_idx ON public.crew_suspensions USING btree (organisation_id) WHERE (lifted_at IS NULL);

CREATE INDEX cycles_due_idx ON public.cycles USING btree (district_id, due_at) INCLUDE (street_id, community_id, grid_id, handler_id, holder_id, opened_at, ended_at, ended_as, on_time, self_handled, suspended, excused, reworks, extensions, case_id, n);

CREATE INDEX cycles_handle_due_idx ON public.cycles USING btree (district_id, handle_due_at) WHERE (handle_due_at IS NOT NULL);

CREATE INDEX cycles_heard_idx ON public.cycles USING btree (district_id, opened_at) WHERE ((callback IS NOT NULL) OR (rating IS NOT NULL));

CREATE INDEX cycles_opened_idx ON public.cycles USING btree (district_id, opened_at) INCLUDE (street_id, community_id, grid_id, handler_id, holder_id, ended_at, ended_as, due_at, on_time, self_handled, suspended, excused, reworks, extensions, case_id, n);

CREATE INDEX cycles_reply_due_idx ON public.cycles USING btree (district_id, reply_due_at) WHERE (reply_due_at IS NOT NULL);

CREATE INDEX deadlines_escalate_idx ON public.deadlines USING btree (escalate_at) WHERE ((stopped_at IS NULL) AND (paused_at IS NULL) AND (escalate_at IS NOT NULL));

CREATE INDEX deadlines_running_idx ON public.deadlines USING btree (kind, due_at) WHERE ((stopped_at IS NULL) AND (paused_at IS NULL));

CREATE INDEX district_packs_district_idx ON public.district_packs USING btree (district_id, id DESC);

CREATE INDEX document_nodes_node_idx ON public.document_nodes USING btree (node_id, document_id);

CREATE INDEX document_papers_sha256_idx ON public.document_papers USING btree (sha256);

CREATE INDEX document_pictures_sha256_idx ON public.document_pictures USING btree (sha256);

CREATE INDEX documents_office_idx ON public.documents USING btree (organisation_id, id DESC);

CREATE INDEX enrol_codes_open_idx ON public.enrol_codes USING btree (expires_at) WHERE (used_at IS NULL);

CREATE INDEX exchanges_at_idx ON public.exchanges USING brin (at);

CREATE INDEX exchanges_district_idx ON public.exchanges USING btree (district_id, id DESC);

CREATE INDEX exchanges_person_idx ON public.exchanges USING btree (person_id, id DESC) WHERE (person_id IS NOT NULL);

CREATE INDEX facilities_geom_idx ON public.facilities USING gist (layer_id, geom) WHERE active;

CREATE INDEX facilities_grid_idx ON public.facilities USING btree (grid_id, layer_id, code COLLATE "C") WHERE active;

CREATE INDEX facilities_layer_idx ON public.facilities USING btree (layer_id, code COLLATE "C") WHERE active;

CREATE INDEX facilities_place_idx ON public.facilities USING gist (layer_id, ((place)::public.geography)) WHERE active;

CREATE INDEX grids_current_geom_idx ON public.grids USING gist (geom) WHERE (current AND (level = 3));

CREATE INDEX grids_current_node_idx ON public.grids USING btree (node_id) WHERE current;

CREATE INDEX grids_current_parent_idx ON public.grids USING btree (parent_id) WHERE current;

CREATE INDEX grids_former_geom_idx ON public.grids USING gist (version_id, geom) WHERE ((level = 3) AND (NOT current));

CREATE INDEX holds_case_idx ON public.holds USING btree (case_id) WHERE (decided_at IS NULL);

CREATE INDEX holds_dependants_idx ON public.holds USING btree (depends_on) WHERE (decided_at IS NULL);

CREATE INDEX holds_device_idx ON public.holds USING btree (device_id, decided_at) WHERE (decided_at IS NOT NULL);

CREATE INDEX holds_late_idx ON public.holds USING btree (due_at) WHERE (decided_at IS NULL);

CREATE INDEX holds_open_idx ON public.holds USING btree (district_id, created_at) WHERE (decided_at IS NULL);

CREATE INDEX layer_openings_untold_idx ON public.layer_openings USING btree (hour) WHERE (sent > told);

CREATE INDEX letter_lines_message_idx ON public.letter_lines USING btree (message_id);

CREATE INDEX letter_lines_open_idx ON public.letter_lines USING btree (contact_id) INCLUDE (message_id, urgent) WHERE (outbox_id IS NULL);

CREATE INDEX letter_lines_outbox_idx ON public.letter_lines USING btree (outbox_id);

CREATE INDEX memberships_organisation_idx ON public.memberships USING btree (organisation_id);

CREATE INDEX memberships_person_idx ON public.memberships USING btree (person_id);

CREATE INDEX messages_made_idx ON public.messages USING btree (made_at);

CREATE INDEX messages_to_idx ON public.messages USING btree (to_kind, to_id, id DESC);

CREATE INDEX organisations_grid_idx ON public.organisations USING btree (grid_id, kind) WHERE active;

CREATE INDEX outbox_due_idx ON public.outbox USING btree (due_at) WHERE ((sent_at IS NULL) AND (given_up_at IS NULL));

CREATE INDEX outbox_given_up_idx ON public.outbox USING btree (district_id, id DESC) WHERE (given_up_at IS NOT NULL);

CREATE INDEX outbox_made_idx ON public.outbox USING btree (made_at);

CREATE INDEX outbox_order_idx ON public.outbox USING btree (webhook_id, case_id, n) WHERE ((sent_at IS NULL) AND (given_up_at IS NULL));

CREATE INDEX outside_links_case_idx ON public.outside_links USING btree (case_id);

CREATE INDEX papers_damaged_idx ON public.papers USING btree (sha256) WHERE (damaged_at IS NOT NULL);

CREATE INDEX public_links_case_idx ON public.public_links USING btree (case_id);

CREATE INDEX security_log_at_idx ON public.security_log USING btree (at);

CREATE INDEX sent_photos_expiry_idx ON public.sent_photos USING btree (expires_at);

CREATE INDEX sent_photos_sha256_idx ON public.sent_photos USING btree (sha256);

CREATE INDEX uploads_expiry_idx ON public.uploads USING btree (expires_at);

CREATE INDEX webhooks_source_idx ON public.webhooks USING btree (district_id, source) WHERE active;

CREATE TRIGGER access_log_for_ever BEFORE DELETE OR UPDATE ON public.access_log FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting();

CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON public.access_log FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting();

CREATE TRIGGER anchors_for_ever BEFORE DELETE OR UPDATE ON public.anchors FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting();

CREATE TRIGGER anchors_no_truncate BEFORE TRUNCATE ON public.anchors FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting();

CREATE TRIGGER case_events_for_ever BEFORE DELETE OR UPDATE ON public.case_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER case_events_no_truncate BEFORE TRUNCATE ON public.case_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER case_words_changed AFTER UPDATE ON public.cases FOR EACH ROW WHEN (((old.title IS DISTINCT FROM new.title) OR (old.description IS DISTINCT FROM new.description) OR (old.category_system IS DISTINCT FROM new.category_system) OR (old.category_code IS DISTINCT FROM new.category_code) OR (old.source IS DISTINCT FROM new.source) OR (old.district_id IS DISTINCT FROM new.district_id) OR (old.street_id IS DISTINCT FROM new.street_id) OR (old.community_id IS DISTINCT FROM new.community_id) OR (old.grid_id IS DISTINCT FROM new.grid_id))) EXECUTE FUNCTION public.keep_case_words();

CREATE TRIGGER case_words_new AFTER INSERT ON public.cases FOR EACH ROW EXECUTE FUNCTION public.keep_case_words();

CREATE TRIGGER cases_closed_changed AFTER UPDATE ON public.cases FOR EACH ROW WHEN ((((old.closed_at IS NOT NULL) OR (new.closed_at IS NOT NULL)) AND ((old.closed_at IS DISTINCT FROM new.closed_at) OR (old.state IS DISTINCT FROM new.state) OR (old.due_at IS DISTINCT FROM new.due_at) OR (old.handler_id IS DISTINCT FROM new.handler_id) OR (old.category_system IS DISTINCT FROM new.category_system) OR (old.category_code IS DISTINCT FROM new.category_code) OR (old.source IS DISTINCT FROM new.source) OR (old.district_id IS DISTINCT FROM new.district_id) OR (old.street_id IS DISTINCT FROM new.street_id) OR (old.community_id IS DISTINCT FROM new.community_id) OR (old.grid_id IS DISTINCT FROM new.grid_id) OR (old.lon_e7 IS DISTINCT FROM new.lon_e7) OR (old.lat_e7 IS DISTINCT FROM new.lat_e7)))) EXECUTE FUNCTION public.move_closed();

CREATE TRIGGER cases_closed_new AFTER INSERT ON public.cases FOR EACH ROW WHEN ((new.closed_at IS NOT NULL)) EXECUTE FUNCTION public.move_closed();

CREATE CONSTRAINT TRIGGER cases_equal_last_event AFTER INSERT OR UPDATE ON public.cases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.case_equals_last_event();

CREATE CONSTRAINT TRIGGER cases_log_change AFTER INSERT OR UPDATE ON public.cases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.log_case_change();

CREATE TRIGGER erasures_for_ever BEFORE DELETE OR UPDATE ON public.erasures FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting();

CREATE TRIGGER erasures_no_truncate BEFORE TRUNCATE ON public.erasures FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting();

CREATE CONSTRAINT TRIGGER holds_log_decision AFTER UPDATE ON public.holds DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.decided_at IS NULL) AND (new.decided_at IS NOT NULL))) EXECUTE FUNCTION public.log_decision();

CREATE CONSTRAINT TRIGGER messages_log_change AFTER INSERT ON public.messages DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.to_kind = ANY (ARRAY['person'::text, 'organisation'::text, 'grid'::text]))) EXECUTE FUNCTION public.log_message();

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.boundary_drafts
    ADD CONSTRAINT boundary_drafts_base_fkey FOREIGN KEY (base_version) REFERENCES public.boundary_versions(id);

ALTER TABLE ONLY public.boundary_drafts
    ADD CONSTRAINT boundary_drafts_decider_fkey FOREIGN KEY (decided_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.boundary_drafts
    ADD CONSTRAINT boundary_drafts_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.boundary_drafts
    ADD CONSTRAINT boundary_drafts_maker_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.boundary_drafts
    ADD CONSTRAINT boundary_drafts_version_fkey FOREIGN KEY (version_id) REFERENCES public.boundary_versions(id);

ALTER TABLE ONLY public.boundary_versions
    ADD CONSTRAINT boundary_versions_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.boundary_versions
    ADD CONSTRAINT boundary_versions_person_fkey FOREIGN KEY (loaded_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.calendar_days
    ADD CONSTRAINT calendar_days_calendar_fkey FOREIGN KEY (district_id) REFERENCES public.calendars(district_id);

ALTER TABLE ONLY public.calendar_years
    ADD CONSTRAINT calendar_years_calendar_fkey FOREIGN KEY (district_id) REFERENCES public.calendars(district_id);

ALTER TABLE ONLY public.calendar_years
    ADD CONSTRAINT calendar_years_person_fkey FOREIGN KEY (declared_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.calendars
    ADD CONSTRAINT calendars_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.calendars
    ADD CONSTRAINT calendars_pack_fkey FOREIGN KEY (recomputed_pack) REFERENCES public.pack_versions(id);

ALTER TABLE ONLY public.case_events
    ADD CONSTRAINT case_events_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.case_events
    ADD CONSTRAINT case_events_move_fkey FOREIGN KEY (action, from_state, to_state) REFERENCES public.workflow_moves(action, from_state, to_state);

ALTER TABLE ONLY public.case_words
    ADD CONSTRAINT case_words_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_community_fkey FOREIGN KEY (community_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_grid_fkey FOREIGN KEY (grid_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_handler_fkey FOREIGN KEY (handler_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_holder_fkey FOREIGN KEY (holder_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pack_fkey FOREIGN KEY (pack_version) REFERENCES public.pack_versions(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_parent_fkey FOREIGN KEY (parent_id) REFERENCES public.cases(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_reporter_fkey FOREIGN KEY (reporter_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_street_fkey FOREIGN KEY (street_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_survivor_fkey FOREIGN KEY (survivor_id) REFERENCES public.cases(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_version_fkey FOREIGN KEY (boundary_version) REFERENCES public.boundary_versions(id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.crew_suspensions
    ADD CONSTRAINT crew_suspensions_lifted_by_fkey FOREIGN KEY (lifted_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.crew_suspensions
    ADD CONSTRAINT crew_suspensions_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.crew_suspensions
    ADD CONSTRAINT crew_suspensions_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.cycles
    ADD CONSTRAINT cycles_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT deadlines_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.district_packs
    ADD CONSTRAINT district_packs_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.district_packs
    ADD CONSTRAINT district_packs_person_fkey FOREIGN KEY (put_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.district_packs
    ADD CONSTRAINT district_packs_version_fkey FOREIGN KEY (version_id) REFERENCES public.pack_versions(id);

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_node_fkey FOREIGN KEY (id) REFERENCES public.grid_nodes(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_version_fkey FOREIGN KEY (current_version) REFERENCES public.boundary_versions(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.document_nodes
    ADD CONSTRAINT document_nodes_document_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id);

ALTER TABLE ONLY public.document_nodes
    ADD CONSTRAINT document_nodes_node_fkey FOREIGN KEY (node_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.document_notes
    ADD CONSTRAINT document_notes_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.document_notes
    ADD CONSTRAINT document_notes_version_fkey FOREIGN KEY (document_id, n) REFERENCES public.document_versions(document_id, n);

ALTER TABLE ONLY public.document_papers
    ADD CONSTRAINT document_papers_paper_fkey FOREIGN KEY (sha256) REFERENCES public.papers(sha256);

ALTER TABLE ONLY public.document_papers
    ADD CONSTRAINT document_papers_version_fkey FOREIGN KEY (document_id, n) REFERENCES public.document_versions(document_id, n);

ALTER TABLE ONLY public.document_pictures
    ADD CONSTRAINT document_pictures_blob_fkey FOREIGN KEY (sha256) REFERENCES public.blobs(sha256);

ALTER TABLE ONLY public.document_pictures
    ADD CONSTRAINT document_pictures_version_fkey FOREIGN KEY (document_id, n) REFERENCES public.document_versions(document_id, n);

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_document_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id);

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_published_fkey FOREIGN KEY (id, published_n) REFERENCES public.document_versions(document_id, n);

ALTER TABLE ONLY public.enrol_codes
    ADD CONSTRAINT enrol_codes_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.enrol_codes
    ADD CONSTRAINT enrol_codes_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.event_private
    ADD CONSTRAINT event_private_event_fkey FOREIGN KEY (case_id, n) REFERENCES public.case_events(case_id, n) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.exchanges
    ADD CONSTRAINT exchanges_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.facilities
    ADD CONSTRAINT facilities_grid_fkey FOREIGN KEY (grid_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.facilities
    ADD CONSTRAINT facilities_layer_fkey FOREIGN KEY (layer_id) REFERENCES public.layers(id);

ALTER TABLE ONLY public.grid_nodes
    ADD CONSTRAINT grid_nodes_district_fkey FOREIGN KEY (district_id) REFERENCES public.grid_nodes(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.grid_tiles
    ADD CONSTRAINT grid_tiles_version_fkey FOREIGN KEY (version_id) REFERENCES public.boundary_versions(id);

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_node_fkey FOREIGN KEY (node_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_parent_fkey FOREIGN KEY (version_id, parent_id) REFERENCES public.grids(version_id, node_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_version_fkey FOREIGN KEY (version_id) REFERENCES public.boundary_versions(id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_command_fkey FOREIGN KEY (command_id) REFERENCES public.commands(command_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_decided_office_fkey FOREIGN KEY (decided_office) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_decides_fkey FOREIGN KEY (decides_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.layer_openings
    ADD CONSTRAINT layer_openings_layer_fkey FOREIGN KEY (layer_id) REFERENCES public.layers(id);

ALTER TABLE ONLY public.layer_openings
    ADD CONSTRAINT layer_openings_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.layer_openings
    ADD CONSTRAINT layer_openings_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.layers
    ADD CONSTRAINT layers_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.letter_lines
    ADD CONSTRAINT letter_lines_contact_fkey FOREIGN KEY (contact_id) REFERENCES public.contacts(id);

ALTER TABLE ONLY public.letter_lines
    ADD CONSTRAINT letter_lines_message_fkey FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.letter_lines
    ADD CONSTRAINT letter_lines_outbox_fkey FOREIGN KEY (outbox_id) REFERENCES public.outbox(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_grid_fkey FOREIGN KEY (grid_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.message_reads
    ADD CONSTRAINT message_reads_message_fkey FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_reads
    ADD CONSTRAINT message_reads_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_held_fkey FOREIGN KEY (held_id) REFERENCES public.holds(command_id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_grid_fkey FOREIGN KEY (grid_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_contact_fkey FOREIGN KEY (contact_id) REFERENCES public.contacts(id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_webhook_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id);

ALTER TABLE ONLY public.outside_links
    ADD CONSTRAINT outside_links_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.outside_links
    ADD CONSTRAINT outside_links_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.outside_told
    ADD CONSTRAINT outside_told_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.people_private
    ADD CONSTRAINT people_private_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.permits
    ADD CONSTRAINT permits_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.permits
    ADD CONSTRAINT permits_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.public_links
    ADD CONSTRAINT public_links_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.public_links
    ADD CONSTRAINT public_links_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_entered_by_fkey FOREIGN KEY (entered_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.sent_photos
    ADD CONSTRAINT sent_photos_blob_fkey FOREIGN KEY (sha256) REFERENCES public.blobs(sha256);

ALTER TABLE ONLY public.sent_photos
    ADD CONSTRAINT sent_photos_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.shipped_packs
    ADD CONSTRAINT shipped_packs_version_fkey FOREIGN KEY (version_id) REFERENCES public.pack_versions(id);

ALTER TABLE ONLY public.web_sessions
    ADD CONSTRAINT web_sessions_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);

ALTER TABLE ONLY public.working_hours
    ADD CONSTRAINT working_hours_calendar_fkey FOREIGN KEY (district_id) REFERENCES public.calendars(district_id);

GRANT USAGE ON SCHEMA public TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.cases TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.closed_moves TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.cycles TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.access_log TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.anchors TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_tokens TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.api_tokens_id_seq TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.attachments TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.blobs TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.boundary_drafts TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.boundary_versions TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.boundary_versions_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.calendar_days TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.calendar_years TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.calendars TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.case_events TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.case_keys TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.case_numbers TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.case_words TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.change_counter TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.change_log TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.closed_cells TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.commands TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contacts TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.contacts_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.credentials TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.crew_suspensions TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.crew_suspensions_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.deadlines TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.devices TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.district_packs TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.district_packs_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.districts TO xunge_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.document_nodes TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.document_notes TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.document_papers TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.document_pictures TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.document_versions TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.documents TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.documents_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.enrol_codes TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.epoch TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.erasures TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_private TO xunge_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.exchanges TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.exchanges_id_seq TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.facilities TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.facilities_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.forged_commands TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.geography_columns TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.geometry_columns TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.grid_nodes TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.grid_nodes_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.grid_tiles TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.grids TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.holds TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.knocks TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.layer_openings TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.layers TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.layers_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.letter_lines TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memberships TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.memberships_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_reads TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.messages TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.messages_id_seq TO xunge_app;

GRANT SELECT ON TABLE public.migrations TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organisations TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.organisations_id_seq TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.papers TO xunge_app;

GRANT SELECT ON TABLE public.originals TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.outbox_id_seq TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.outside_links TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outside_told TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.pack_versions TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.pack_versions_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.people TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.people_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.people_private TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.permits TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.permits_id_seq TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.public_links TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.qualifications TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.qualifications_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refused_pictures TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.security_log TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.security_log_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sent_photos TO xunge_app;

GRANT SELECT ON TABLE public.shipped_packs TO xunge_app;

GRANT SELECT ON TABLE public.signing_keys TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.spatial_ref_sys TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.task_runs TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.uploads TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.web_sessions TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhooks TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.webhooks_id_seq TO xunge_app;

GRANT SELECT ON TABLE public.workflow_moves TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.working_hours TO xunge_app;
