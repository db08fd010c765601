-- New boundaries are looked at before they are confirmed, and open cases may follow them.

alter table boundary_versions
    add column loaded_by   bigint,
    add column reroute     boolean not null default false,
    add column rerouted_at timestamptz,
    add constraint boundary_versions_person_fkey foreign key (loaded_by) references people (id);
comment on column boundary_versions.reroute is 'Whether open cases follow this version; a task does it, one event a case.';
-- versions whose cases still have to follow
create index boundary_versions_reroute_idx on boundary_versions (district_id) where reroute and rerouted_at is null;

create table boundary_drafts (
    id           uuid not null,
    district_id  bigint not null,
    base_version bigint,
    kind         text not null,
    made_by      bigint not null,
    made_at      timestamptz not null,
    source_name  text not null,
    content      bytea,
    options      jsonb not null,
    report       jsonb not null,
    ground       jsonb not null,
    state        text not null default 'open',
    decided_by   bigint,
    decided_at   timestamptz,
    version_id   bigint,
    constraint boundary_drafts_pkey primary key (id),
    constraint boundary_drafts_kind_known check (kind in ('file', 'split', 'merge')),
    constraint boundary_drafts_state_known check (state in ('open', 'faulty', 'confirmed', 'dropped')),
    constraint boundary_drafts_district_fkey foreign key (district_id) references districts (id),
    constraint boundary_drafts_base_fkey foreign key (base_version) references boundary_versions (id),
    constraint boundary_drafts_version_fkey foreign key (version_id) references boundary_versions (id),
    constraint boundary_drafts_maker_fkey foreign key (made_by) references people (id),
    constraint boundary_drafts_decider_fkey foreign key (decided_by) references people (id)
);
comment on column boundary_drafts.content is 'The file as it came; emptied when the draft is decided: the version has the shapes.';
-- drafts of a district, newest first
create index boundary_drafts_district_idx on boundary_drafts (district_id, made_at desc);

-- whose was this point on that day: former versions
create index grids_former_geom_idx on grids using gist (version_id, geom) where level = 3 and not current;

grant select, insert, update on boundary_drafts to xunge_app;
