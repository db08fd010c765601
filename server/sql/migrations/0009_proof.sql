-- Proof from outside the chain: anchors, the log of who read personal data, and what was erased.

-- A function of 0002 says why; these tables are for ever as the events are.
create function refuse_rewriting() returns trigger language plpgsql as $$
begin
    raise exception using errcode = 'integrity_constraint_violation', constraint = 'rows_are_for_ever',
        message = format('%s on %I is refused: its rows are for ever', tg_op, tg_table_name);
end $$;

create table anchors (
    n           bigint not null,
    day         date not null,
    made_at     text not null,
    cases       bigint not null,
    root        text not null,
    access_n    bigint not null,
    access_hash text not null,
    previous    text not null,
    hash        text not null,
    seqs        jsonb not null,
    constraint anchors_pkey primary key (n),
    constraint anchors_hash_form check (hash ~ '^[0-9a-f]{64}$' and root ~ '^[0-9a-f]{64}$'),
    constraint anchors_first check ((n = 1) = (previous = ''))
);
create index anchors_day_idx on anchors (day);                                   -- task: made today already?
comment on table anchors is 'The heads of all chains that moved since the anchor before, under one root; each anchor holds the hash of '
    'the one before, so that the last one stands for all. The heads themselves are in the files.';
comment on column anchors.seqs is 'Up to which number the change log of each district is anchored: {"district": seq}.';
create trigger anchors_for_ever before update or delete on anchors for each row execute function refuse_rewriting();
create trigger anchors_no_truncate before truncate on anchors execute function refuse_rewriting();

create table access_log (
    n         bigint not null,
    at        text not null,
    what      text not null,
    person_id bigint,
    organisation_id bigint,
    district_id bigint,
    address   text not null,
    case_id   uuid,
    subject_id bigint,
    reason    text not null,
    filter    text not null,
    rows      bigint not null,
    prev_hash text not null,
    hash      text not null,
    constraint access_log_pkey primary key (n),
    constraint access_log_what_known check (what in ('unmask', 'read', 'export')),
    constraint access_log_hash_form check (hash ~ '^[0-9a-f]{64}$'),
    constraint access_log_first check ((n = 1) = (prev_hash = ''))
);
create index access_log_district_idx on access_log (district_id, n);             -- auditor: newest of the district
create index access_log_case_idx on access_log (case_id) where case_id is not null; -- who read this case
comment on table access_log is 'Who read personal data, when, of which case or person, and why: chained like events, kept for ever.';
create trigger access_log_for_ever before update or delete on access_log for each row execute function refuse_rewriting();
create trigger access_log_no_truncate before truncate on access_log execute function refuse_rewriting();

create table erasures (
    id        uuid not null,
    at        timestamptz not null,
    person_id bigint,
    case_id   uuid,
    n         integer,
    by_id     bigint,
    reason    text not null,
    constraint erasures_pkey primary key (id),
    constraint erasures_of_something check ((person_id is not null) <> (case_id is not null and n is not null)),
    constraint erasures_event_key unique (case_id, n),
    constraint erasures_person_key unique (person_id)
);
comment on table erasures is 'What was erased, never the words: a restored copy is erased again by it, and the proof knows why words are gone.';
create trigger erasures_for_ever before update or delete on erasures for each row execute function refuse_rewriting();
create trigger erasures_no_truncate before truncate on erasures execute function refuse_rewriting();

grant select, insert on anchors, access_log, erasures to xunge_app;
grant execute on function refuse_rewriting to xunge_app;
