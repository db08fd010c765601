-- The ground: districts and grids, organisations and people, ways in, packs, tasks.
-- Runs as the owner. The application's role owns nothing and gets its privileges in 0003.

create extension if not exists postgis;

do $$ begin
    create role xunge_app nologin;
exception when duplicate_object or unique_violation then null;
end $$;
do $$ begin
    execute format('grant xunge_app to %I', current_user);
end $$;

-- Grids ------------------------------------------------------------------------------------------------

create table grid_nodes (
    id          bigint generated always as identity,
    district_id bigint,
    level       smallint not null,
    code        text not null,
    constraint grid_nodes_pkey primary key (id),
    constraint grid_nodes_level_range check (level between 0 and 4),
    constraint grid_nodes_code_not_empty check (code <> ''),
    constraint grid_nodes_district_code_key unique (district_id, code),
    constraint grid_nodes_district_fkey foreign key (district_id) references grid_nodes (id) deferrable initially deferred
);
comment on table grid_nodes is 'What stays the same of a grid over all versions of boundaries: its code in its district. '
    'A level-0 node is its own district.';

create table districts (
    id              bigint not null,
    code            text not null,
    name            text not null,
    timezone        text not null,
    pack            text not null,
    current_version bigint,
    constraint districts_pkey primary key (id),
    constraint districts_code_key unique (code),
    constraint districts_node_fkey foreign key (id) references grid_nodes (id) deferrable initially deferred
);

create table boundary_versions (
    id            bigint generated always as identity,
    district_id   bigint not null,
    valid_from    date not null,
    loaded_at     timestamptz not null default now(),
    source_name   text not null,
    source_sha256 text not null,
    report        jsonb not null,
    constraint boundary_versions_pkey primary key (id),
    constraint boundary_versions_district_fkey foreign key (district_id) references districts (id)
);
alter table districts add constraint districts_version_fkey
    foreign key (current_version) references boundary_versions (id) deferrable initially deferred;

create table grids (
    version_id bigint not null,
    node_id    bigint not null,
    parent_id  bigint,
    level      smallint not null,
    code       text not null,
    name       text not null,
    households integer,
    kind       text not null default 'grid',
    geom       geometry(MultiPolygon, 4326) not null,
    inside     geometry(Point, 4326) not null,
    current    boolean not null default false,
    constraint grids_pkey primary key (version_id, node_id),
    constraint grids_version_code_key unique (version_id, code),
    constraint grids_version_fkey foreign key (version_id) references boundary_versions (id),
    constraint grids_node_fkey foreign key (node_id) references grid_nodes (id),
    constraint grids_parent_fkey foreign key (version_id, parent_id) references grids (version_id, node_id)
        deferrable initially deferred,
    constraint grids_households_sane check (households is null or households between 0 and 1000000)
);
create index grids_current_geom_idx on grids using gist (geom) where current and level = 3;
create index grids_current_node_idx on grids (node_id) where current;
create index grids_current_parent_idx on grids (parent_id) where current;

-- Organisations and people ---------------------------------------------------------------------------------

create table organisations (
    id          bigint generated always as identity,
    district_id bigint not null,
    kind        text not null,
    code        text not null,
    name        text not null,
    grid_id     bigint not null,
    trades      text[] not null default '{}',
    categories  text[] not null default '{}',
    depot       geometry(Point, 4326),
    capacity    integer,
    active      boolean not null default true,
    constraint organisations_pkey primary key (id),
    constraint organisations_code_key unique (district_id, code),
    constraint organisations_kind_known check (kind in ('centre', 'street', 'community', 'crew', 'outside')),
    constraint organisations_district_fkey foreign key (district_id) references districts (id),
    constraint organisations_grid_fkey foreign key (grid_id) references grid_nodes (id)
);
create index organisations_grid_idx on organisations (grid_id, kind) where active;
comment on column organisations.categories is 'Permitted category codes as "system/code"; a prefix ending in * permits what begins so.';

create table people (
    id         bigint generated always as identity,
    login      text not null,
    lang       text not null default 'zh-CN',
    active     boolean not null default true,
    created_at timestamptz not null default now(),
    constraint people_pkey primary key (id),
    constraint people_login_key unique (login)
);
create table people_private (
    person_id bigint not null,
    name      text not null,
    phone     text,
    constraint people_private_pkey primary key (person_id),
    constraint people_private_person_fkey foreign key (person_id) references people (id)
);
comment on table people_private is 'What erasing a person deletes; the chain refers to people.id only.';

create table memberships (
    id              bigint generated always as identity,
    person_id       bigint not null,
    organisation_id bigint not null,
    role            text not null,
    duties          text[] not null default '{}',
    grid_id         bigint not null,
    valid_from      timestamptz not null default now(),
    valid_to        timestamptz,
    constraint memberships_pkey primary key (id),
    constraint memberships_role_known check (role in
        ('admin', 'auditor', 'centre', 'street', 'community', 'worker', 'crew', 'resident-service')),
    constraint memberships_duties_known check (duties <@ array['intake', 'duty', 'dispatcher', 'supervisor']),
    constraint memberships_person_fkey foreign key (person_id) references people (id),
    constraint memberships_organisation_fkey foreign key (organisation_id) references organisations (id),
    constraint memberships_grid_fkey foreign key (grid_id) references grid_nodes (id)
);
create index memberships_person_idx on memberships (person_id);
create index memberships_organisation_idx on memberships (organisation_id);
comment on column memberships.grid_id is 'The root of the subtree that this membership may see and act in.';

-- Ways in: only hashes are stored --------------------------------------------------------------------------

create table credentials (
    person_id     bigint not null,
    password_hash text not null,
    failures      integer not null default 0,
    locked_until  timestamptz,
    changed_at    timestamptz not null default now(),
    constraint credentials_pkey primary key (person_id),
    constraint credentials_person_fkey foreign key (person_id) references people (id)
);
create table web_sessions (
    token_hash bytea not null,
    person_id  bigint not null,
    csrf       text not null,
    created_at timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint web_sessions_pkey primary key (token_hash),
    constraint web_sessions_person_fkey foreign key (person_id) references people (id)
);
create table api_tokens (
    id         bigint generated always as identity,
    token_hash bytea not null,
    person_id  bigint not null,
    label      text not null default '',
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    constraint api_tokens_pkey primary key (id),
    constraint api_tokens_hash_key unique (token_hash),
    constraint api_tokens_person_fkey foreign key (person_id) references people (id)
);
create table devices (
    id          uuid not null,
    person_id   bigint not null,
    token_hash  bytea not null,
    state       text not null default 'active',
    model       text not null default '',
    app_version text not null default '',
    enrolled_at timestamptz not null default now(),
    seen_at     timestamptz,
    last_seq    bigint not null default 0,
    seq_gaps    jsonb not null default '[]',
    constraint devices_pkey primary key (id),
    constraint devices_token_key unique (token_hash),
    constraint devices_state_known check (state in ('active', 'revoked')),
    constraint devices_person_fkey foreign key (person_id) references people (id)
);
create table enrol_codes (
    code_hash  bytea not null,
    person_id  bigint not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,
    device_id  uuid,
    constraint enrol_codes_pkey primary key (code_hash),
    constraint enrol_codes_person_fkey foreign key (person_id) references people (id)
);
create table security_log (
    id        bigint generated always as identity,
    at        timestamptz not null default now(),
    what      text not null,
    person_id bigint,
    address   text not null default '',
    detail    jsonb not null default '{}',
    constraint security_log_pkey primary key (id)
);
create index security_log_at_idx on security_log (at);
comment on table security_log is 'Sign-ins, refusals, enrolments, revocations, exports, unmasking: who, when, from where.';

-- Packs and tasks -------------------------------------------------------------------------------------------

create table pack_versions (
    id        bigint generated always as identity,
    code      text not null,
    sha256    text not null,
    body      jsonb not null,
    loaded_at timestamptz not null default now(),
    constraint pack_versions_pkey primary key (id),
    constraint pack_versions_content_key unique (code, sha256)
);
create table task_runs (
    name     text not null,
    started  timestamptz not null,
    ended    timestamptz,
    result   bigint,
    error    text,
    position text not null default '',
    constraint task_runs_pkey primary key (name)
);
comment on table task_runs is 'The last run of each task, and where a slicing task goes on.';
