-- Documents carry PDFs beside their pictures. Their bytes lie in the store of photos, but are known in a table of their own: what is
-- in `blobs` satisfies a case that waits for evidence with that hash, and a PDF is no evidence.

create table papers (
    sha256     text not null,
    bytes      bigint not null,
    stored_at  timestamptz not null,
    damaged_at timestamptz,
    constraint papers_pkey primary key (sha256),
    constraint papers_sha256_form check (sha256 ~ '^[0-9a-f]{64}$')
);
create index papers_damaged_idx on papers (sha256) where damaged_at is not null;   -- doctor
create table document_papers (
    document_id bigint not null,
    n           integer not null,
    place       smallint not null,
    sha256      text not null,
    name        text not null,
    constraint document_papers_pkey primary key (document_id, n, place),
    constraint document_papers_version_fkey foreign key (document_id, n) references document_versions (document_id, n),
    constraint document_papers_paper_fkey foreign key (sha256) references papers (sha256)
);
create index document_papers_sha256_idx on document_papers (sha256);   -- a tablet asks for a file by its hash

-- Every original that the store must hold: photos and papers.
create view originals as
    select sha256, bytes, damaged_at from blobs union all select sha256, bytes, damaged_at from papers;

grant select, insert, update on papers to xunge_app;
grant select, insert on document_papers to xunge_app;
grant select on originals to xunge_app;
