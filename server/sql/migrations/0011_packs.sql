-- Which version of a pack is in force: what the program brings along, and what a district has put in its place.

create table shipped_packs (
    code       text not null,
    version_id bigint not null,
    kept_at    timestamptz not null default clock_timestamp(),
    constraint shipped_packs_pkey primary key (code),
    constraint shipped_packs_version_fkey foreign key (version_id) references pack_versions (id)
);
comment on table shipped_packs is 'The newest content of every pack that came with the program; migrate keeps it.';
insert into shipped_packs (code, version_id)
    select distinct on (code) code, id from pack_versions order by code, loaded_at desc, id desc;

create table district_packs (
    id          bigint generated always as identity,
    district_id bigint not null,
    version_id  bigint,
    code        text not null,
    file        text not null,
    put_at      timestamptz not null,
    put_by      bigint,
    constraint district_packs_pkey primary key (id),
    constraint district_packs_district_fkey foreign key (district_id) references districts (id),
    constraint district_packs_version_fkey foreign key (version_id) references pack_versions (id),
    constraint district_packs_person_fkey foreign key (put_by) references people (id)
);
comment on table district_packs is 'What a district put in force, one row each time; the last one counts.';
comment on column district_packs.version_id is 'Null: from then on the pack of that code as the program brings it.';
comment on column district_packs.put_by is 'Null: from the command line.';
-- The pack in force of a district (packs/queries.sql: current_version), and the history on the page of packs.
create index district_packs_district_idx on district_packs (district_id, id desc);

grant select on shipped_packs to xunge_app;
grant select, insert on district_packs to xunge_app;
grant usage, select on sequence district_packs_id_seq to xunge_app;
