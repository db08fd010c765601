-- Derived from migrations/ by `python -m server.schema --write`; a check compares the two. Not for editing.
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
    helper_id bigint,
    reporter_id bigint,
    dispatched_by bigint,
    asked_return boolean DEFAULT false NOT NULL,
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
    CONSTRAINT cases_close_kind_known CHECK ((close_kind = ANY (ARRAY['fixed'::text, 'gone'::text, 'explained'::text, 'recorded'::text]))),
    CONSTRAINT cases_lat_range CHECK (((lat_e7 >= '-900000000'::integer) AND (lat_e7 <= 900000000))),
    CONSTRAINT cases_lon_range CHECK (((lon_e7 >= '-1800000000'::integer) AND (lon_e7 <= 1800000000))),
    CONSTRAINT cases_place_status_known CHECK ((place_status = ANY (ARRAY['inside'::text, 'border'::text, 'nearest'::text, 'outside'::text]))),
    CONSTRAINT cases_place_whole CHECK (((lon_e7 IS NULL) = (lat_e7 IS NULL))),
    CONSTRAINT cases_severity_known CHECK ((severity = ANY (ARRAY['normal'::text, 'emergency'::text]))),
    CONSTRAINT cases_version_positive CHECK ((version > 0))
);

COMMENT ON COLUMN public.cases.moved_version IS 'The last version at which state, holder, handler or place changed: what a stale command is measured by.';

CREATE FUNCTION public.asked_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
    where is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
$$;

CREATE FUNCTION public.asked_office(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where in_office(c, p_district, p_street, p_community, p_grids)
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
$$;

CREATE FUNCTION public.asked_others(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where c.handler_id = p_organisation and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
    union all
    select c.* from cases c where c.helper_id = p_organisation and c.handler_id is distinct from p_organisation
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
    union all
    select c.* from cases c where c.reporter_id = p_person and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and (p_organisation is null or (c.handler_id is distinct from p_organisation and c.helper_id is distinct from p_organisation))
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
$$;

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
    CONSTRAINT cycles_end_whole CHECK (((ended_at IS NULL) = (ended_as IS NULL))),
    CONSTRAINT cycles_ended_as_known CHECK ((ended_as = ANY (ARRAY['fixed'::text, 'gone'::text, 'explained'::text, 'recorded'::text, 'declined'::text, 'merged'::text, 'cancelled'::text])))
);

COMMENT ON COLUMN public.cycles.opened_at IS 'When the first cycle was reported, or when a later one was reopened.';

CREATE FUNCTION public.counted_cycles(p_district bigint, p_basis text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_counted text DEFAULT 'all'::text) RETURNS SETOF public.cycles
    LANGUAGE sql STABLE
    AS $$
    select c.* from cycles c
    where c.district_id = p_district
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at end
          >= coalesce(p_from, '-infinity')
      and case p_basis when 'due' then c.due_at when 'reported' then c.opened_at when 'handle_due' then c.handle_due_at end
          < coalesce(p_to, 'infinity')
      and cycle_is(c, p_counted, p_as_of)
$$;

CREATE FUNCTION public.counted_for(p_home bigint, p_basis text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_counted text, p_level integer, p_node bigint, p_outside boolean, p_system text, p_code text, p_handler bigint, p_undispatched boolean, p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint) RETURNS SETOF public.cycles
    LANGUAGE sql STABLE
    AS $$
    select k.* from counted_cycles(p_home, p_basis, p_from, p_to, p_as_of, p_counted) k
    where case p_level when 1 then k.street_id = p_node when 2 then k.community_id = p_node
          when 3 then k.grid_id = p_node else true end
      and (not p_outside or k.street_id is null)
      and (p_code is null or (k.category_system = p_system and k.category_code = p_code))
      and (p_handler is null or k.handler_id = p_handler)
      and (not p_undispatched or k.handler_id is null)
      and case when p_district is not null then k.district_id = p_district
               when p_street is not null then k.street_id = p_street
               when p_community is not null then k.community_id = p_community
               when p_grids is not null then k.grid_id = any (p_grids)
               else k.handler_id = p_organisation end
      and (p_district is not null or k.case_id in (
          select id from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person)))
$$;

CREATE FUNCTION public.cycle_is(c public.cycles, p_counted text, p_as_of timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select case p_counted
        -- what has to be closed: neither mended on the spot nor left out as declined, merged or cancelled
        when 'all' then not c.self_handled
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'closed' then not c.self_handled
            and c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        when 'on_time' then not c.self_handled and c.on_time
            and c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        when 'overdue' then not c.self_handled and case
            when c.ended_at is null or c.ended_at > p_as_of then c.due_at < p_as_of
            else c.ended_as in ('fixed', 'gone', 'explained', 'recorded') and c.on_time is false end
        when 'overdue_open' then not c.self_handled
            and (c.ended_at is null or c.ended_at > p_as_of) and c.due_at < p_as_of
        when 'rework' then not c.self_handled and c.reworks > 0
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        -- what came in, declined ones among it
        when 'received' then c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled')
        when 'valid' then (c.self_handled or c.registered_at <= p_as_of)
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled'))
        when 'reported' then not c.self_handled
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled'))
        when 'registered' then not c.self_handled and c.registered_at <= p_as_of
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('merged', 'cancelled'))
        when 'mended' then c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        when 'self_handled' then c.self_handled
            and c.ended_at <= p_as_of and c.ended_as in ('fixed', 'gone', 'explained', 'recorded')
        -- what crews and dispatchers are judged by
        when 'dispatched' then not c.self_handled and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0)
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'right_dispatch' then not c.self_handled and c.dispatched_at <= p_as_of and c.wrong_dispatches = 0
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'evasion' then not c.self_handled and (c.dispatched_at <= p_as_of or c.wrong_dispatches > 0)
            and c.evasions > 0
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'handled' then not c.self_handled and c.handled_at <= p_as_of
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        when 'handled_on_time' then not c.self_handled and c.handled_at <= least(p_as_of, c.handle_due_at)
            and (c.ended_as is null or c.ended_at > p_as_of or c.ended_as not in ('declined', 'merged', 'cancelled'))
        else false end
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

CREATE FUNCTION public.is_asked(c public.cases, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS boolean
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
      and (p_q is null or c.number like p_q || '%' or c.external_id = p_q or c.title ilike '%' || p_q || '%')
      and (p_west is null or c.place && st_makeenvelope(p_west, p_south, p_east, p_north, 4326))
      and case p_board when 'soon' then c.next_due_at between p_now and p_soon when 'returned' then c.asked_return
          when 'held' then c.id = any (p_held) else true end
$$;

CREATE FUNCTION public.log_case_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform log_change(new.district_id, 'case', new.id::text, new.version,
        case when tg_op = 'UPDATE' then array[old.district_id, old.street_id, old.community_id, old.grid_id] end,
        array[new.district_id, new.street_id, new.community_id, new.grid_id],
        array_remove(array[new.handler_id, new.helper_id, case when tg_op = 'UPDATE' then old.handler_id end], null),
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

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception using errcode = 'integrity_constraint_violation', constraint = 'events_are_for_ever',
        message = format('%s on %I is refused: an event is for ever', tg_op, tg_table_name);
end $$;

CREATE FUNCTION public.visible_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint) RETURNS SETOF public.cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where in_office(c, p_district, p_street, p_community, p_grids)
    union all
    select c.* from cases c where c.handler_id = p_organisation
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.helper_id = p_organisation and c.handler_id is distinct from p_organisation
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.reporter_id = p_person
        and (p_organisation is null or (c.handler_id is distinct from p_organisation and c.helper_id is distinct from p_organisation))
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
$$;

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
    CONSTRAINT attachments_stage_known CHECK ((stage = ANY (ARRAY['before'::text, 'during'::text, 'after'::text])))
);

COMMENT ON TABLE public.attachments IS 'Declared by a command; arrived_at is set when the bytes with that SHA-256 are on disk.';

CREATE TABLE public.blobs (
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    mime text NOT NULL,
    width integer,
    height integer,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT blobs_sha256_form CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

CREATE TABLE public.boundary_versions (
    id bigint NOT NULL,
    district_id bigint NOT NULL,
    valid_from date NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    source_name text NOT NULL,
    source_sha256 text NOT NULL,
    report jsonb NOT NULL
);

ALTER TABLE public.boundary_versions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.boundary_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

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
    CONSTRAINT change_log_kind_known CHECK ((kind = ANY (ARRAY['case'::text, 'grid'::text, 'pack'::text, 'person'::text, 'message'::text])))
);

COMMENT ON TABLE public.change_log IS 'One seq a transaction, taken at commit under the lock of the district''s counter; n counts inside it. scope_* = district, street, community, grid before and after, so that leaving and entering a scope can be told.';

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
    CONSTRAINT commands_origin_known CHECK ((origin = ANY (ARRAY['tablet'::text, 'console'::text, 'api'::text, 'import'::text, 'system'::text]))),
    CONSTRAINT commands_outcome_known CHECK ((outcome = ANY (ARRAY['applied'::text, 'applied_with_conflict'::text, 'held'::text, 'rejected'::text])))
);

COMMENT ON COLUMN public.commands.payload IS 'The command as it came (canonical JSON); erasable, the hash stays.';

CREATE TABLE public.credentials (
    person_id bigint NOT NULL,
    password_hash text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
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
    CONSTRAINT deadlines_kind_known CHECK ((kind = ANY (ARRAY['register'::text, 'verify'::text, 'dispatch'::text, 'handle'::text, 'inspect'::text, 'close'::text, 'whole'::text, 'reply'::text]))),
    CONSTRAINT deadlines_limit_positive CHECK ((limit_min > 0)),
    CONSTRAINT deadlines_time_kind_known CHECK ((time_kind = ANY (ARRAY['seat'::text, 'working'::text, 'emergency'::text, 'calendar'::text])))
);

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
    CONSTRAINT devices_state_known CHECK ((state = ANY (ARRAY['active'::text, 'revoked'::text])))
);

CREATE TABLE public.districts (
    id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    pack text NOT NULL,
    current_version bigint
);

CREATE TABLE public.enrol_codes (
    code_hash bytea NOT NULL,
    person_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    device_id uuid
);

CREATE TABLE public.epoch (
    only_one boolean DEFAULT true NOT NULL,
    epoch uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT epoch_only_one CHECK (only_one)
);

CREATE TABLE public.event_private (
    case_id uuid NOT NULL,
    n integer NOT NULL,
    salt text NOT NULL,
    body text NOT NULL
);

COMMENT ON TABLE public.event_private IS 'Free text, names, phones; the event holds SHA-256(salt || body), so erasing a row keeps the chain whole.';

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
    CONSTRAINT grids_households_sane CHECK (((households IS NULL) OR ((households >= 0) AND (households <= 1000000))))
);

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
    decision text
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
    categories text[] DEFAULT '{}'::text[] NOT NULL,
    depot public.geometry(Point,4326),
    capacity integer,
    active boolean DEFAULT true NOT NULL,
    CONSTRAINT organisations_kind_known CHECK ((kind = ANY (ARRAY['centre'::text, 'street'::text, 'community'::text, 'crew'::text, 'outside'::text])))
);

COMMENT ON COLUMN public.organisations.categories IS 'Permitted category codes as "system/code"; a prefix ending in * permits what begins so.';

ALTER TABLE public.organisations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.organisations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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

CREATE TABLE public.workflow_moves (
    action text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL
);

COMMENT ON TABLE public.workflow_moves IS 'Filled by migrate from protocol/workflow.py; from_state is "" for a new case.';

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY public.boundary_versions
    ADD CONSTRAINT boundary_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.case_events
    ADD CONSTRAINT case_events_pkey PRIMARY KEY (case_id, n);

ALTER TABLE ONLY public.case_keys
    ADD CONSTRAINT case_keys_case_key UNIQUE (case_id);

ALTER TABLE ONLY public.case_keys
    ADD CONSTRAINT case_keys_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.case_keys
    ADD CONSTRAINT case_keys_source_external_id_key UNIQUE (source, external_id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.change_counter
    ADD CONSTRAINT change_counter_pkey PRIMARY KEY (district_id);

ALTER TABLE ONLY public.change_log
    ADD CONSTRAINT change_log_pkey PRIMARY KEY (district_id, seq, n);

ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (command_id);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (person_id);

ALTER TABLE ONLY public.cycles
    ADD CONSTRAINT cycles_pkey PRIMARY KEY (case_id, n);

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT deadlines_pkey PRIMARY KEY (case_id, cycle, kind);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_token_key UNIQUE (token_hash);

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_code_key UNIQUE (code);

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrol_codes
    ADD CONSTRAINT enrol_codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY public.epoch
    ADD CONSTRAINT epoch_pkey PRIMARY KEY (only_one);

ALTER TABLE ONLY public.event_private
    ADD CONSTRAINT event_private_pkey PRIMARY KEY (case_id, n);

ALTER TABLE ONLY public.forged_commands
    ADD CONSTRAINT forged_commands_pkey PRIMARY KEY (command_id, body_hash);

ALTER TABLE ONLY public.grid_nodes
    ADD CONSTRAINT grid_nodes_district_code_key UNIQUE (district_id, code);

ALTER TABLE ONLY public.grid_nodes
    ADD CONSTRAINT grid_nodes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_pkey PRIMARY KEY (version_id, node_id);

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_version_code_key UNIQUE (version_id, code);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (command_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_code_key UNIQUE (district_id, code);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pack_versions
    ADD CONSTRAINT pack_versions_content_key UNIQUE (code, sha256);

ALTER TABLE ONLY public.pack_versions
    ADD CONSTRAINT pack_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_login_key UNIQUE (login);

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.people_private
    ADD CONSTRAINT people_private_pkey PRIMARY KEY (person_id);

ALTER TABLE ONLY public.security_log
    ADD CONSTRAINT security_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.task_runs
    ADD CONSTRAINT task_runs_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_attachment_key UNIQUE (attachment_id, device_id);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.web_sessions
    ADD CONSTRAINT web_sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.workflow_moves
    ADD CONSTRAINT workflow_moves_pkey PRIMARY KEY (action, from_state, to_state);

CREATE INDEX attachments_case_idx ON public.attachments USING btree (case_id);

CREATE INDEX attachments_sha256_idx ON public.attachments USING btree (sha256);

CREATE INDEX attachments_waiting_idx ON public.attachments USING btree (declared_at) WHERE (arrived_at IS NULL);

CREATE INDEX cases_community_due_idx ON public.cases USING btree (community_id, next_due_at, id) WHERE (closed_at IS NULL);

CREATE INDEX cases_community_reported_idx ON public.cases USING btree (community_id, reported_at DESC, id DESC);

CREATE INDEX cases_district_due_idx ON public.cases USING btree (district_id, next_due_at, id) WHERE (closed_at IS NULL);

CREATE INDEX cases_district_reported_idx ON public.cases USING btree (district_id, reported_at DESC, id DESC);

CREATE INDEX cases_grid_state_idx ON public.cases USING btree (grid_id, state);

CREATE INDEX cases_handler_due_idx ON public.cases USING btree (handler_id, next_due_at, id) WHERE ((handler_id IS NOT NULL) AND (closed_at IS NULL));

CREATE INDEX cases_handler_reported_idx ON public.cases USING btree (handler_id, reported_at DESC, id DESC) WHERE (handler_id IS NOT NULL);

CREATE INDEX cases_helper_idx ON public.cases USING btree (helper_id) WHERE (helper_id IS NOT NULL);

CREATE INDEX cases_place_idx ON public.cases USING gist (place);

CREATE INDEX cases_reporter_idx ON public.cases USING btree (reporter_id, id) WHERE (reporter_id IS NOT NULL);

CREATE INDEX cases_street_due_idx ON public.cases USING btree (street_id, next_due_at, id) WHERE (closed_at IS NULL);

CREATE INDEX cases_street_reported_idx ON public.cases USING btree (street_id, reported_at DESC, id DESC);

CREATE INDEX commands_case_idx ON public.commands USING btree (case_id) WHERE (outcome <> 'applied'::text);

CREATE INDEX commands_device_seq_idx ON public.commands USING btree (device_id, seq) WHERE (device_id IS NOT NULL);

CREATE INDEX cycles_due_idx ON public.cycles USING btree (district_id, due_at) INCLUDE (street_id, community_id, grid_id, handler_id, ended_at, ended_as, on_time, self_handled, case_id, n);

CREATE INDEX cycles_handle_due_idx ON public.cycles USING btree (district_id, handle_due_at) WHERE (handle_due_at IS NOT NULL);

CREATE INDEX cycles_opened_idx ON public.cycles USING btree (district_id, opened_at) INCLUDE (street_id, community_id, grid_id, handler_id, ended_at, ended_as, on_time, self_handled, case_id, n);

CREATE INDEX deadlines_open_idx ON public.deadlines USING btree (due_at) WHERE ((stopped_at IS NULL) AND (escalations < 2));

CREATE INDEX grids_current_geom_idx ON public.grids USING gist (geom) WHERE (current AND (level = 3));

CREATE INDEX grids_current_node_idx ON public.grids USING btree (node_id) WHERE current;

CREATE INDEX grids_current_parent_idx ON public.grids USING btree (parent_id) WHERE current;

CREATE INDEX holds_open_idx ON public.holds USING btree (district_id, created_at) WHERE (decided_at IS NULL);

CREATE INDEX memberships_organisation_idx ON public.memberships USING btree (organisation_id);

CREATE INDEX memberships_person_idx ON public.memberships USING btree (person_id);

CREATE INDEX organisations_grid_idx ON public.organisations USING btree (grid_id, kind) WHERE active;

CREATE INDEX security_log_at_idx ON public.security_log USING btree (at);

CREATE INDEX uploads_expiry_idx ON public.uploads USING btree (expires_at);

CREATE TRIGGER case_events_for_ever BEFORE DELETE OR UPDATE ON public.case_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER case_events_no_truncate BEFORE TRUNCATE ON public.case_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE CONSTRAINT TRIGGER cases_equal_last_event AFTER INSERT OR UPDATE ON public.cases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.case_equals_last_event();

CREATE CONSTRAINT TRIGGER cases_log_change AFTER INSERT OR UPDATE ON public.cases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.log_case_change();

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.boundary_versions
    ADD CONSTRAINT boundary_versions_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.case_events
    ADD CONSTRAINT case_events_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.case_events
    ADD CONSTRAINT case_events_move_fkey FOREIGN KEY (action, from_state, to_state) REFERENCES public.workflow_moves(action, from_state, to_state);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_community_fkey FOREIGN KEY (community_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_grid_fkey FOREIGN KEY (grid_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_handler_fkey FOREIGN KEY (handler_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_helper_fkey FOREIGN KEY (helper_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_holder_fkey FOREIGN KEY (holder_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pack_fkey FOREIGN KEY (pack_version) REFERENCES public.pack_versions(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_reporter_fkey FOREIGN KEY (reporter_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_street_fkey FOREIGN KEY (street_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_version_fkey FOREIGN KEY (boundary_version) REFERENCES public.boundary_versions(id);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.cycles
    ADD CONSTRAINT cycles_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT deadlines_case_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_node_fkey FOREIGN KEY (id) REFERENCES public.grid_nodes(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.districts
    ADD CONSTRAINT districts_version_fkey FOREIGN KEY (current_version) REFERENCES public.boundary_versions(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.enrol_codes
    ADD CONSTRAINT enrol_codes_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.event_private
    ADD CONSTRAINT event_private_event_fkey FOREIGN KEY (case_id, n) REFERENCES public.case_events(case_id, n) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.grid_nodes
    ADD CONSTRAINT grid_nodes_district_fkey FOREIGN KEY (district_id) REFERENCES public.grid_nodes(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_node_fkey FOREIGN KEY (node_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_parent_fkey FOREIGN KEY (version_id, parent_id) REFERENCES public.grids(version_id, node_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.grids
    ADD CONSTRAINT grids_version_fkey FOREIGN KEY (version_id) REFERENCES public.boundary_versions(id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_command_fkey FOREIGN KEY (command_id) REFERENCES public.commands(command_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_grid_fkey FOREIGN KEY (grid_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_district_fkey FOREIGN KEY (district_id) REFERENCES public.districts(id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_grid_fkey FOREIGN KEY (grid_id) REFERENCES public.grid_nodes(id);

ALTER TABLE ONLY public.people_private
    ADD CONSTRAINT people_private_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

ALTER TABLE ONLY public.web_sessions
    ADD CONSTRAINT web_sessions_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);

GRANT USAGE ON SCHEMA public TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.cases TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.cycles TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_tokens TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.api_tokens_id_seq TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.attachments TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.blobs TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.boundary_versions TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.boundary_versions_id_seq TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.case_events TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.case_keys TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.case_numbers TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.change_counter TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.change_log TO xunge_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.commands TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.credentials TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.deadlines TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.devices TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.districts TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.enrol_codes TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.epoch TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_private TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.forged_commands TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.geography_columns TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.geometry_columns TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.grid_nodes TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.grid_nodes_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.grids TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.holds TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memberships TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.memberships_id_seq TO xunge_app;

GRANT SELECT ON TABLE public.migrations TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organisations TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.organisations_id_seq TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.pack_versions TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.pack_versions_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.people TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.people_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.people_private TO xunge_app;

GRANT SELECT,INSERT ON TABLE public.security_log TO xunge_app;

GRANT SELECT,USAGE ON SEQUENCE public.security_log_id_seq TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.spatial_ref_sys TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.task_runs TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.uploads TO xunge_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.web_sessions TO xunge_app;

GRANT SELECT ON TABLE public.workflow_moves TO xunge_app;
