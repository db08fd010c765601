-- Notices and documents that an office sends down the tree: versions for ever, published to subtrees, read without a network.

create table documents (
    id              bigint generated always as identity,
    district_id     bigint not null,
    organisation_id bigint not null,
    kind            text not null,
    safety          boolean not null default false,
    made_at         timestamptz not null,
    made_by         bigint not null,
    published_n     integer,
    published_at    timestamptz,
    published_by    bigint,
    withdrawn_at    timestamptz,
    withdrawn_by    bigint,
    constraint documents_pkey primary key (id),
    constraint documents_kind_known check (kind in ('notice', 'document')),
    constraint documents_safety_is_a_notice check (not safety or kind = 'notice'),
    constraint documents_published_whole check ((published_n is null) = (published_at is null) and (published_n is null) = (published_by is null)),
    constraint documents_withdrawn_whole check ((withdrawn_at is null) = (withdrawn_by is null)),
    constraint documents_district_fkey foreign key (district_id) references districts (id),
    constraint documents_organisation_fkey foreign key (organisation_id) references organisations (id),
    constraint documents_made_by_fkey foreign key (made_by) references people (id)
);
create index documents_office_idx on documents (organisation_id, id desc);   -- /documents: what an office wrote
create table document_versions (
    document_id bigint not null,
    n           integer not null,
    title       text not null,
    body        text not null,
    made_at     timestamptz not null,
    made_by     bigint not null,
    constraint document_versions_pkey primary key (document_id, n),
    constraint document_versions_document_fkey foreign key (document_id) references documents (id),
    constraint document_versions_made_by_fkey foreign key (made_by) references people (id)
);
comment on table document_versions is 'Written once: what was published can be read again as it was.';
alter table documents add constraint documents_published_fkey foreign key (id, published_n) references document_versions (document_id, n);
create table document_pictures (
    document_id bigint not null,
    n           integer not null,
    place       smallint not null,
    sha256      text not null,
    name        text not null,
    constraint document_pictures_pkey primary key (document_id, n, place),
    constraint document_pictures_version_fkey foreign key (document_id, n) references document_versions (document_id, n),
    constraint document_pictures_blob_fkey foreign key (sha256) references blobs (sha256)
);
create index document_pictures_sha256_idx on document_pictures (sha256);   -- a tablet asks for a picture by its hash
create table document_nodes (
    document_id bigint not null,
    node_id     bigint not null,
    constraint document_nodes_pkey primary key (document_id, node_id),
    constraint document_nodes_document_fkey foreign key (document_id) references documents (id),
    constraint document_nodes_node_fkey foreign key (node_id) references grid_nodes (id)
);
create index document_nodes_node_idx on document_nodes (node_id, document_id);   -- what was published to a node or above it

-- Safety notices only, and only that an organisation knows of it: no person, no time, no count of readings.
create table document_notes (
    document_id     bigint not null,
    n               integer not null,
    organisation_id bigint not null,
    constraint document_notes_pkey primary key (document_id, n, organisation_id),
    constraint document_notes_version_fkey foreign key (document_id, n) references document_versions (document_id, n),
    constraint document_notes_organisation_fkey foreign key (organisation_id) references organisations (id)
);

alter table change_log drop constraint change_log_kind_known,
    add constraint change_log_kind_known check (kind in ('case', 'grid', 'pack', 'person', 'message', 'decision', 'document'));

grant select, insert, update on documents to xunge_app;
grant select, insert on document_versions, document_pictures, document_notes to xunge_app;
grant select, insert, delete on document_nodes to xunge_app;
grant usage, select on all sequences in schema public to xunge_app;
