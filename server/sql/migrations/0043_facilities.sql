-- Facilities: lamps, hydrants, bins, cameras as layers of points and lines, each tied to the grid it stands in.

create table layers (
    id              bigint generated always as identity,
    district_id     bigint not null,
    code            text not null,
    name            text not null,
    kind            text not null,
    category_system text not null default '',
    category_code   text not null default '',
    readers         text[] not null,
    on_tablets      boolean not null default true,
    source_name     text not null default '',
    source_sha256   text not null default '',
    loaded_at       timestamptz not null,
    loads           integer not null default 0,
    constraint layers_pkey primary key (id),
    constraint layers_code_key unique (district_id, code),
    constraint layers_code_plain check (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    constraint layers_name_not_empty check (name <> ''),
    constraint layers_kind_known check (kind in ('point', 'line')),
    constraint layers_readers_known check (readers <@ array
        ['admin', 'auditor', 'centre', 'street', 'community', 'worker', 'crew', 'resident-service']),
    constraint layers_district_fkey foreign key (district_id) references districts (id)
);
comment on column layers.readers is 'The roles that may see what is in the layer; nobody else learns of it.';

create table facilities (
    id         bigint generated always as identity,
    layer_id   bigint not null,
    code       text not null,
    name       text not null default '',
    properties jsonb not null default '{}',
    geom       geometry(Geometry, 4326) not null,
    place      geometry(Point, 4326) not null,
    grid_id    bigint,
    status     text not null,
    active     boolean not null default true,
    changed_at timestamptz not null,
    constraint facilities_pkey primary key (id),
    constraint facilities_code_key unique (layer_id, code),
    constraint facilities_code_not_empty check (code <> ''),
    constraint facilities_status_known check (status in ('inside', 'border', 'nearest', 'outside')),
    constraint facilities_layer_fkey foreign key (layer_id) references layers (id),
    constraint facilities_grid_fkey foreign key (grid_id) references grid_nodes (id)
);
comment on column facilities.place is 'The point itself, or the middle of a line: what is nearest, and in which grid, is asked of it.';
create extension if not exists btree_gist;
-- the nearest of a layer, in metres
create index facilities_place_idx on facilities using gist (layer_id, (place::geography)) where active;
-- map tiles of a layer
create index facilities_geom_idx on facilities using gist (layer_id, geom) where active;
-- facilities of a grid: pages, tablet packages, counts
create index facilities_grid_idx on facilities (grid_id, layer_id, code collate "C") where active;
-- a layer page by page
create index facilities_layer_idx on facilities (layer_id, code collate "C") where active;

-- Who opened which layer in which hour: the first opening of an hour enters the access log, the others add nothing.
create table layer_openings (
    layer_id  bigint not null,
    person_id bigint not null,
    hour      timestamptz not null,
    constraint layer_openings_pkey primary key (layer_id, person_id, hour),
    constraint layer_openings_layer_fkey foreign key (layer_id) references layers (id),
    constraint layer_openings_person_fkey foreign key (person_id) references people (id)
);

grant select, insert, update on layers, facilities to xunge_app;
grant select, insert, delete on layer_openings to xunge_app;
grant usage, select on all sequences in schema public to xunge_app;

-- Opening a layer is a reading, too.
alter table access_log drop constraint access_log_what_known;
alter table access_log add constraint access_log_what_known check (what in ('unmask', 'read', 'export', 'layer'));
