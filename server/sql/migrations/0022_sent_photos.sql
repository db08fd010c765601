-- Photos that another system sent before it said on which case they stand: an act or a report then names their ids.
create table sent_photos (
    id         uuid not null,
    person_id  bigint not null,
    sha256     text not null,
    sent_at    timestamptz not null,
    expires_at timestamptz not null,
    constraint sent_photos_pkey primary key (id),
    constraint sent_photos_once unique (person_id, sha256),
    constraint sent_photos_person_fkey foreign key (person_id) references people (id),
    constraint sent_photos_blob_fkey foreign key (sha256) references blobs (sha256)
);
create index sent_photos_expiry_idx on sent_photos (expires_at);     -- the task that forgets what was never named
create index sent_photos_sha256_idx on sent_photos (sha256);         -- whether bytes are still waited for by somebody
comment on table sent_photos is 'Kept until it is named on a case, at most a week; the bytes go with the row unless a case has them.';

grant select, insert, update, delete on sent_photos to xunge_app;
grant delete on blobs to xunge_app;
