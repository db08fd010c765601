-- The road: cases, their cycles, clocks, evidence, commands, the chain of events and the change log.

create table workflow_moves (
    action     text not null,
    from_state text not null,
    to_state   text not null,
    constraint workflow_moves_pkey primary key (action, from_state, to_state)
);
comment on table workflow_moves is 'Filled by migrate from protocol/workflow.py; from_state is "" for a new case.';

create sequence case_numbers;

create table cases (
    id                 uuid not null,
    number             text not null,
    state              text not null,
    version            integer not null,
    cycle              integer not null default 1,
    pack_version       bigint not null,
    category_system    text not null,
    category_code      text not null,
    category_text      text not null default '',
    condition          text not null default '',
    severity           text not null default 'normal',
    title              text not null default '',
    description        text not null default '',
    lon_e7             integer,
    lat_e7             integer,
    place              geometry(Point, 4326) generated always as
                       (st_setsrid(st_makepoint(lon_e7 / 1e7::float8, lat_e7 / 1e7::float8), 4326)) stored,
    accuracy_m         integer,
    crs_source         text not null default '',
    place_status       text not null,
    place_candidates   text[] not null default '{}',
    district_id        bigint not null,
    street_id          bigint,
    community_id       bigint,
    grid_id            bigint,
    boundary_version   bigint,
    holder_id          bigint not null,
    handler_id         bigint,
    helper_id          bigint,
    reporter_id        bigint,
    dispatched_by      bigint,
    asked_return       boolean not null default false,
    source             text not null,
    external_id        text,
    tags               text[] not null default '{}',
    self_handled       boolean not null default false,
    reported_at        timestamptz not null,
    received_at        timestamptz not null,
    changed_at         timestamptz not null,
    acted_at           timestamptz not null,
    moved_version      integer not null,
    due_at             timestamptz,
    due_provisional    boolean not null default false,
    next_due_at        timestamptz,
    next_clock         text,
    closed_at          timestamptz,
    close_kind         text,
    last_hash          text not null,
    constraint cases_pkey primary key (id),
    constraint cases_version_positive check (version > 0),
    constraint cases_severity_known check (severity in ('normal', 'emergency')),
    constraint cases_place_status_known check (place_status in ('inside', 'border', 'nearest', 'outside')),
    constraint cases_place_whole check ((lon_e7 is null) = (lat_e7 is null)),
    constraint cases_lon_range check (lon_e7 between -1800000000 and 1800000000),
    constraint cases_lat_range check (lat_e7 between -900000000 and 900000000),
    constraint cases_close_kind_known check (close_kind in ('fixed', 'gone', 'explained', 'recorded')),
    constraint cases_district_fkey foreign key (district_id) references districts (id),
    constraint cases_street_fkey foreign key (street_id) references grid_nodes (id),
    constraint cases_community_fkey foreign key (community_id) references grid_nodes (id),
    constraint cases_grid_fkey foreign key (grid_id) references grid_nodes (id),
    constraint cases_version_fkey foreign key (boundary_version) references boundary_versions (id),
    constraint cases_holder_fkey foreign key (holder_id) references organisations (id),
    constraint cases_handler_fkey foreign key (handler_id) references organisations (id),
    constraint cases_helper_fkey foreign key (helper_id) references organisations (id),
    constraint cases_reporter_fkey foreign key (reporter_id) references people (id),
    constraint cases_pack_fkey foreign key (pack_version) references pack_versions (id)
);
-- The list of indexes, each with the query it serves:
create index cases_district_due_idx on cases (district_id, next_due_at, id) where closed_at is null;   -- centre: open, by deadline
create index cases_street_due_idx on cases (street_id, next_due_at, id) where closed_at is null;       -- street: open, by deadline
create index cases_community_due_idx on cases (community_id, next_due_at, id) where closed_at is null; -- community: open, by deadline
create index cases_grid_state_idx on cases (grid_id, state);                                           -- worker: my grids
create index cases_handler_due_idx on cases (handler_id, next_due_at, id) where handler_id is not null and closed_at is null; -- crew: in hand
create index cases_handler_reported_idx on cases (handler_id, reported_at desc, id desc) where handler_id is not null; -- crew: newest
create index cases_helper_idx on cases (helper_id) where helper_id is not null;                        -- helper: asked of me
create index cases_reporter_idx on cases (reporter_id, id) where reporter_id is not null;              -- reporter: what I reported
create index cases_district_reported_idx on cases (district_id, reported_at desc, id desc);            -- centre: newest, by period
create index cases_street_reported_idx on cases (street_id, reported_at desc, id desc);                -- street: newest, by period
create index cases_community_reported_idx on cases (community_id, reported_at desc, id desc);          -- community: newest
create index cases_place_idx on cases using gist (place);                                              -- map tiles, duplicates nearby

-- Keys live apart so that they stay unique when cases are partitioned by id.
comment on column cases.moved_version is 'The last version at which state, holder, handler or place changed: what a stale command is measured by.';

create table case_keys (
    number      text not null,
    source      text not null,
    external_id text,
    case_id     uuid not null,
    constraint case_keys_pkey primary key (number),
    constraint case_keys_source_external_id_key unique (source, external_id),
    constraint case_keys_case_key unique (case_id)
);

create table cycles (
    case_id       uuid not null,
    n             integer not null,
    district_id   bigint not null,
    street_id     bigint,
    community_id  bigint,
    grid_id       bigint,
    handler_id    bigint,
    category_system text not null,
    category_code text not null,
    opened_at     timestamptz not null,
    registered_at timestamptz,
    dispatched_at timestamptz,
    handled_at    timestamptz,
    passed_at     timestamptz,
    handle_due_at timestamptz,
    due_at        timestamptz,
    ended_at      timestamptz,
    ended_as      text,
    on_time       boolean,
    reworks       integer not null default 0,
    wrong_dispatches integer not null default 0,
    evasions      integer not null default 0,
    self_handled  boolean not null default false,
    constraint cycles_pkey primary key (case_id, n),
    constraint cycles_case_fkey foreign key (case_id) references cases (id),
    constraint cycles_ended_as_known check (ended_as in ('fixed', 'gone', 'explained', 'recorded', 'declined', 'merged', 'cancelled')),
    constraint cycles_end_whole check ((ended_at is null) = (ended_as is null))
);
create index cycles_due_idx on cycles (district_id, due_at) include
    (street_id, community_id, grid_id, handler_id, ended_at, ended_as, on_time, self_handled, case_id, n); -- rates, basis=due
create index cycles_opened_idx on cycles (district_id, opened_at) include
    (street_id, community_id, grid_id, handler_id, ended_at, ended_as, on_time, self_handled, case_id, n); -- rates, basis=reported
comment on column cycles.opened_at is 'When the first cycle was reported, or when a later one was reopened.';

create table deadlines (
    case_id     uuid not null,
    cycle       integer not null,
    kind        text not null,
    limit_min   integer not null,
    time_kind   text not null,
    started_at  timestamptz not null,
    paused_at   timestamptz,
    due_at      timestamptz not null,
    provisional boolean not null default false,
    stopped_at  timestamptz,
    escalations smallint not null default 0,
    constraint deadlines_pkey primary key (case_id, cycle, kind),
    constraint deadlines_case_fkey foreign key (case_id) references cases (id),
    constraint deadlines_kind_known check (kind in ('register', 'verify', 'dispatch', 'handle', 'inspect', 'close', 'whole', 'reply')),
    constraint deadlines_time_kind_known check (time_kind in ('seat', 'working', 'emergency', 'calendar')),
    constraint deadlines_limit_positive check (limit_min > 0)
);
create index deadlines_open_idx on deadlines (due_at) where stopped_at is null and escalations < 2;  -- tasks: what was missed

create table commands (
    command_id  uuid not null,
    origin      text not null,
    device_id   uuid,
    seq         bigint,
    person_id   bigint,
    kind        text not null,
    case_id     uuid,
    body_hash   text not null,
    made_at     timestamptz,
    received_at timestamptz not null,
    outcome     text not null,
    code        text not null default '',
    params      jsonb not null default '{}',
    version     integer,
    payload     text,
    constraint commands_pkey primary key (command_id),
    constraint commands_outcome_known check (outcome in ('applied', 'applied_with_conflict', 'held', 'rejected')),
    constraint commands_origin_known check (origin in ('tablet', 'console', 'api', 'import', 'system'))
);
create index commands_device_seq_idx on commands (device_id, seq) where device_id is not null;         -- /devices: gaps
create index commands_case_idx on commands (case_id) where outcome <> 'applied';                       -- case page: what was held
comment on column commands.payload is 'The command as it came (canonical JSON); erasable, the hash stays.';

create table forged_commands (
    command_id  uuid not null,
    received_at timestamptz not null,
    device_id   uuid,
    person_id   bigint,
    body_hash   text not null,
    payload     text not null,
    constraint forged_commands_pkey primary key (command_id, body_hash)
);
comment on table forged_commands is 'A known command id that came with another content: refused with 409, kept for people to see.';

create table holds (
    command_id uuid not null,
    case_id    uuid,
    district_id bigint not null,
    reason     text not null,
    seen_version integer,
    now_version integer,
    created_at timestamptz not null,
    decided_at timestamptz,
    decided_by bigint,
    decision   text,
    constraint holds_pkey primary key (command_id),
    constraint holds_command_fkey foreign key (command_id) references commands (command_id) deferrable initially deferred
);
create index holds_open_idx on holds (district_id, created_at) where decided_at is null;               -- board: held conflicts

-- Time stands in the chain as the text that was hashed (UTC, microseconds, "Z"): jsonb and time zones change bytes.
create table case_events (
    case_id      uuid not null,
    n            integer not null,
    cycle        integer not null,
    command_id   uuid not null,
    action       text not null,
    from_state   text not null,
    to_state     text not null,
    actor        bigint,
    organisation bigint,
    device       uuid,
    made_at      text not null,
    acted_at     text not null,
    received_at  text not null,
    body         text not null,
    prev_hash    text not null,
    hash         text not null,
    constraint case_events_pkey primary key (case_id, n),
    constraint case_events_case_fkey foreign key (case_id) references cases (id) deferrable initially deferred,
    constraint case_events_move_fkey foreign key (action, from_state, to_state) references workflow_moves (action, from_state, to_state),
    constraint case_events_hash_form check (hash ~ '^[0-9a-f]{64}$'),
    constraint case_events_first check ((n = 1) = (prev_hash = ''))
);
create table event_private (
    case_id uuid not null,
    n       integer not null,
    salt    text not null,
    body    text not null,
    constraint event_private_pkey primary key (case_id, n),
    constraint event_private_event_fkey foreign key (case_id, n) references case_events (case_id, n) deferrable initially deferred
);
comment on table event_private is 'Free text, names, phones; the event holds SHA-256(salt || body), so erasing a row keeps the chain whole.';

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception using errcode = 'integrity_constraint_violation', constraint = 'events_are_for_ever',
        message = format('%s on %I is refused: an event is for ever', tg_op, tg_table_name);
end $$;
create trigger case_events_for_ever before update or delete on case_events for each row execute function refuse_change();
create trigger case_events_no_truncate before truncate on case_events execute function refuse_change();

-- A case must equal its last event when the transaction ends.
create function case_equals_last_event() returns trigger language plpgsql as $$
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
create constraint trigger cases_equal_last_event after insert or update on cases
    deferrable initially deferred for each row execute function case_equals_last_event();

-- Evidence ---------------------------------------------------------------------------------------------------

create table blobs (
    sha256     text not null,
    bytes      bigint not null,
    mime       text not null,
    width      integer,
    height     integer,
    stored_at  timestamptz not null default now(),
    constraint blobs_pkey primary key (sha256),
    constraint blobs_sha256_form check (sha256 ~ '^[0-9a-f]{64}$')
);
create table attachments (
    id          uuid not null,
    case_id     uuid not null,
    sha256      text not null,
    bytes       bigint not null,
    mime        text not null,
    stage       text not null,
    person_id   bigint,
    command_id  uuid not null,
    made_at     timestamptz not null,
    declared_at timestamptz not null,
    arrived_at  timestamptz,
    constraint attachments_pkey primary key (id),
    constraint attachments_stage_known check (stage in ('before', 'during', 'after')),
    constraint attachments_case_fkey foreign key (case_id) references cases (id)
);
create index attachments_case_idx on attachments (case_id);
create index attachments_waiting_idx on attachments (declared_at) where arrived_at is null;   -- board: photos on their way
create index attachments_sha256_idx on attachments (sha256);
comment on table attachments is 'Declared by a command; arrived_at is set when the bytes with that SHA-256 are on disk.';

create table uploads (
    id            uuid not null,
    attachment_id uuid not null,
    device_id     uuid not null,
    bytes         bigint not null,
    offset_bytes  bigint not null default 0,
    sha256        text not null,
    created_at    timestamptz not null default now(),
    expires_at    timestamptz not null,
    constraint uploads_pkey primary key (id),
    constraint uploads_attachment_key unique (attachment_id, device_id),
    constraint uploads_offset_range check (offset_bytes between 0 and bytes)
);
create index uploads_expiry_idx on uploads (expires_at);

-- What tablets and consoles follow ---------------------------------------------------------------------------

create table epoch (
    only_one boolean not null default true,
    epoch    uuid not null default gen_random_uuid(),
    constraint epoch_pkey primary key (only_one),
    constraint epoch_only_one check (only_one)
);
insert into epoch default values;

create table change_counter (
    district_id bigint not null,
    seq         bigint not null default 0,
    constraint change_counter_pkey primary key (district_id)
);
create table change_log (
    district_id  bigint not null,
    seq          bigint not null,
    n            integer not null,
    kind         text not null,
    id           text not null,
    version      integer,
    scope_before bigint[],
    scope_after  bigint[],
    handlers     bigint[],
    people       bigint[],
    logged_at    timestamptz not null default clock_timestamp(),
    constraint change_log_pkey primary key (district_id, seq, n),
    constraint change_log_kind_known check (kind in ('case', 'grid', 'pack', 'person', 'message'))
);
comment on table change_log is 'One seq a transaction, taken at commit under the lock of the district''s counter; n counts inside it. '
    'scope_* = district, street, community, grid before and after, so that leaving and entering a scope can be told.';

-- The first firing in a transaction takes the counter, later ones only count on: one counter update a transaction
-- and district, however many cases it moved (numbering row by row is quadratic).
create function log_change(p_district bigint, p_kind text, p_id text, p_version integer default null,
    p_before bigint[] default null, p_after bigint[] default null, p_handlers bigint[] default null, p_people bigint[] default null)
returns void language plpgsql as $$
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

create function log_case_change() returns trigger language plpgsql as $$
begin
    perform log_change(new.district_id, 'case', new.id::text, new.version,
        case when tg_op = 'UPDATE' then array[old.district_id, old.street_id, old.community_id, old.grid_id] end,
        array[new.district_id, new.street_id, new.community_id, new.grid_id],
        array_remove(array[new.handler_id, new.helper_id, case when tg_op = 'UPDATE' then old.handler_id end], null),
        array_remove(array[new.reporter_id], null));
    return null;
end $$;
create constraint trigger cases_log_change after insert or update on cases
    deferrable initially deferred for each row execute function log_case_change();

-- Scope: the one place that decides who sees a case. At most one of district, street, community, grids is the office
-- scope of a viewer (the others null); organisation = as handler or helper; person = as reporter. All of it is inlined
-- by the planner: with constants given, in_office folds to one comparison with one scope column.
create function in_office(c cases, p_district bigint, p_street bigint, p_community bigint, p_grids bigint[])
returns boolean language sql immutable as $$
    select coalesce(p_district, p_street, p_community, p_grids[1]) is not null
        and (p_district is null or c.district_id = p_district)
        and (p_street is null or c.street_id = p_street)
        and (p_community is null or c.community_id = p_community)
        and (p_grids is null or c.grid_id = any (p_grids))
$$;
create function visible_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint)
returns setof cases language sql stable as $$
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
