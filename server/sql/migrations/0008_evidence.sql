-- Evidence: the stage of an inspection, files that were refused with their reason, originals that lost their fingerprint.

alter table attachments drop constraint attachments_stage_known;
alter table attachments add constraint attachments_stage_known check (stage in ('before', 'during', 'after', 'inspection'));

alter table blobs add column damaged_at timestamptz;
comment on column blobs.damaged_at is 'When the file on disk was first found missing or without its SHA-256; null again once it has it.';
create index blobs_damaged_idx on blobs (sha256) where damaged_at is not null;                        -- doctor, case page

create table refused_pictures (
    sha256     text not null,
    code       text not null,
    refused_at timestamptz not null,
    constraint refused_pictures_pkey primary key (sha256),
    constraint refused_pictures_sha256_form check (sha256 ~ '^[0-9a-f]{64}$'),
    constraint refused_pictures_code_known check
        (code in ('not_a_picture', 'too_many_pixels', 'moving', 'too_costly', 'unreadable', 'polyglot'))
);
comment on table refused_pictures is 'Content that was declared and sent, and is not taken: a fact about the bytes, so it holds for every case that declares them.';

grant select, insert, update, delete on refused_pictures to xunge_app;
