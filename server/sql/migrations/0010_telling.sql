-- Telling people and systems: messages, letters and deliveries in one outbox, who wants to be told how, and the log of
-- exchanges with other systems.

-- A message is told once: to a person, an organisation, a grid (its workers) or a duty of an organisation. It carries
-- codes and numbers; the words are made when it is read, in the reader's language.
create table messages (
    id          bigint generated always as identity,
    district_id bigint not null,
    to_kind     text not null,
    to_id       bigint not null,
    case_id     uuid not null,
    number      text not null,
    n           integer not null,
    action      text not null,
    params      jsonb not null default '{}',
    urgent      boolean not null default false,
    made_at     timestamptz not null,
    constraint messages_pkey primary key (id),
    constraint messages_once_key unique (case_id, n, to_kind, to_id),
    constraint messages_to_kind_known check (to_kind in ('person', 'organisation', 'grid') or to_kind ~ '^duty:[a-z]+$'),
    constraint messages_district_fkey foreign key (district_id) references districts (id),
    constraint messages_case_fkey foreign key (case_id) references cases (id)
);
create index messages_to_idx on messages (to_kind, to_id, id desc);   -- /messages, bell, tablet: newest of each address
create index messages_made_idx on messages (made_at);                 -- tasks: what is old enough to be forgotten

create table message_reads (
    message_id bigint not null,
    person_id  bigint not null,
    constraint message_reads_pkey primary key (message_id, person_id),
    constraint message_reads_message_fkey foreign key (message_id) references messages (id) on delete cascade,
    constraint message_reads_person_fkey foreign key (person_id) references people (id)
);
comment on table message_reads is 'Shown to nobody but the reader: no time, no receipts.';

-- Tablets follow messages by the change log like everything else; duties have desks, not tablets.
create function log_message() returns trigger language plpgsql as $$
begin
    perform log_change(new.district_id, 'message', new.id::text, null, null,
        case new.to_kind when 'grid' then array[new.to_id] end,
        case new.to_kind when 'organisation' then array[new.to_id] end,
        case new.to_kind when 'person' then array[new.to_id] end);
    return null;
end $$;
create constraint trigger messages_log_change after insert on messages
    deferrable initially deferred for each row when (new.to_kind in ('person', 'organisation', 'grid')) execute function log_message();

-- How a person or an organisation wants to be told outside of the product. Erasing a person empties the address.
create table contacts (
    id              bigint generated always as identity,
    district_id     bigint not null,
    person_id       bigint,
    organisation_id bigint,
    mail            text not null,
    every_min       smallint not null default 30,
    quiet_from      time,
    quiet_to        time,
    active          boolean not null default true,
    last_letter_at  timestamptz,
    constraint contacts_pkey primary key (id),
    constraint contacts_person_key unique (person_id),
    constraint contacts_organisation_key unique (organisation_id),
    constraint contacts_of_one check ((person_id is null) <> (organisation_id is null)),
    constraint contacts_mail_form check (mail ~ '^[^@[:space:]<>,;]+@[^@[:space:]<>,;]+$' or (mail = '' and not active)),
    constraint contacts_every_range check (every_min between 0 and 1440),
    constraint contacts_quiet_whole check ((quiet_from is null) = (quiet_to is null)),
    constraint contacts_district_fkey foreign key (district_id) references districts (id),
    constraint contacts_person_fkey foreign key (person_id) references people (id),
    constraint contacts_organisation_fkey foreign key (organisation_id) references organisations (id)
);

-- What another system said of its case last, so that a repeat can be told from a change: one hash a field, no words.
create table outside_told (
    case_id uuid not null,
    told    jsonb not null,
    constraint outside_told_pkey primary key (case_id),
    constraint outside_told_case_fkey foreign key (case_id) references cases (id) on delete cascade
);

-- Where the outcome of a source's cases is returned to.
create table webhooks (
    id          bigint generated always as identity,
    district_id bigint not null,
    source      text not null,
    url         text not null,
    secret      text not null,
    active      boolean not null default true,
    made_at     timestamptz not null,
    made_by     bigint,
    failures    integer not null default 0,
    rest_until  timestamptz,
    constraint webhooks_pkey primary key (id),
    constraint webhooks_source_form check (source ~ '^[A-Za-z0-9_.:-]{1,50}$'),
    constraint webhooks_district_fkey foreign key (district_id) references districts (id),
    constraint webhooks_made_by_fkey foreign key (made_by) references people (id)
);
create index webhooks_source_idx on webhooks (district_id, source) where active;   -- which systems hear of a source's case
comment on column webhooks.secret is 'Readable, because every delivery is signed with it; shown to people once.';
comment on column webhooks.rest_until is 'After a failure the receiver is left alone until then, however many deliveries wait.';

-- One outbox for all that leaves the house. `key` is the same at every try, so that a receiver can fold a repeat.
create table outbox (
    id          bigint generated always as identity,
    key         text not null,
    channel     text not null,
    district_id bigint not null,
    contact_id  bigint,
    webhook_id  bigint,
    case_id     uuid,
    number      text,
    n           integer,
    body        text not null,
    made_at     timestamptz not null,
    due_at      timestamptz not null,
    tries       smallint not null default 0,
    sent_at     timestamptz,
    given_up_at timestamptz,
    error       text,
    constraint outbox_pkey primary key (id),
    constraint outbox_key_key unique (key),
    constraint outbox_channel_known check (channel in ('mail', 'webhook')),
    constraint outbox_to_one check ((channel = 'mail') = (contact_id is not null) and (channel = 'webhook') = (webhook_id is not null)),
    constraint outbox_ends_once check (sent_at is null or given_up_at is null),
    constraint outbox_district_fkey foreign key (district_id) references districts (id),
    constraint outbox_contact_fkey foreign key (contact_id) references contacts (id),
    constraint outbox_webhook_fkey foreign key (webhook_id) references webhooks (id)
);
create index outbox_due_idx on outbox (due_at) where sent_at is null and given_up_at is null;                     -- deliver: the next
create index outbox_order_idx on outbox (webhook_id, case_id, n) where sent_at is null and given_up_at is null;   -- deliver: in order per case
create index outbox_given_up_idx on outbox (district_id, id desc) where given_up_at is not null;                  -- board: undelivered
create index outbox_made_idx on outbox (made_at);                                                                 -- tasks: old enough to be forgotten

-- What the next letter to somebody will say. A line belongs to one letter for ever: letters are sealed, then sent.
create table letter_lines (
    contact_id bigint not null,
    message_id bigint not null,
    urgent     boolean not null,
    outbox_id  bigint,
    constraint letter_lines_pkey primary key (contact_id, message_id),
    constraint letter_lines_contact_fkey foreign key (contact_id) references contacts (id),
    constraint letter_lines_message_fkey foreign key (message_id) references messages (id) on delete cascade,
    constraint letter_lines_outbox_fkey foreign key (outbox_id) references outbox (id) on delete cascade
);
create index letter_lines_open_idx on letter_lines (contact_id) include (message_id, urgent) where outbox_id is null;   -- deliver: who waits
create index letter_lines_message_idx on letter_lines (message_id);   -- forgetting a message
create index letter_lines_outbox_idx on letter_lines (outbox_id);     -- forgetting a letter

-- All notices of a transaction at once: messages, and a line in the next letter of everybody who asked for letters.
-- A function, because its plan is kept: acting on a case should not pay for planning it (0.3 ms instead of 1.6).
-- A grid's message reaches its workers, also those whose post is above it; a duty's reaches whoever has that duty.
create function put_messages(p_notices jsonb, p_now timestamptz) returns void language plpgsql as $$
declare v_new bigint[];
begin
    with told as (
        insert into messages (district_id, to_kind, to_id, case_id, number, n, action, params, urgent, made_at)
        select t.district_id, t.to_kind, t.to_id, t.case_id, t.number, t.n, t.action, t.params, t.urgent, p_now
        from jsonb_to_recordset(p_notices) as t (district_id bigint, to_kind text, to_id bigint, case_id uuid, number text,
            n integer, action text, params jsonb, urgent boolean)
        on conflict on constraint messages_once_key do nothing returning id
    ) select array_agg(id) into v_new from told;
    if v_new is null or not exists (select from contacts where active) then
        return;
    end if;
    insert into letter_lines (contact_id, message_id, urgent)
    select c.id, t.id, t.urgent
    from messages t
    join contacts c on c.district_id = t.district_id and c.active
    where t.id = any (v_new) and case t.to_kind
        when 'person' then c.person_id = t.to_id
        when 'organisation' then c.organisation_id = t.to_id
        when 'grid' then exists (
            select from memberships m
            join grids g on g.node_id = t.to_id and g.current
            left join grids p on (p.version_id, p.node_id) = (g.version_id, g.parent_id)
            where m.person_id = c.person_id and m.role = 'worker' and m.grid_id in (g.node_id, p.node_id, p.parent_id)
              and m.valid_from <= p_now and coalesce(m.valid_to > p_now, true))
        else exists (
            select from memberships m
            where m.person_id = c.person_id and m.organisation_id = t.to_id and substr(t.to_kind, 6) = any (m.duties)
              and m.valid_from <= p_now and coalesce(m.valid_to > p_now, true))
        end;
end $$;

-- One row an exchange with another system: a call of ours by a token, or a delivery of ours to a webhook.
create table exchanges (
    id          bigint generated always as identity,
    at          timestamptz not null,
    direction   text not null,
    district_id bigint not null,
    person_id   bigint,
    token_id    bigint,
    webhook_id  bigint,
    method      text not null,
    path        text not null,
    status      integer not null,
    ms          integer not null,
    request_id  text not null,
    bytes_in    bigint not null default 0,
    bytes_out   bigint not null default 0,
    number      text,
    external_id text,
    error       text,
    constraint exchanges_pkey primary key (id),
    constraint exchanges_direction_known check (direction in ('in', 'out')),
    constraint exchanges_district_fkey foreign key (district_id) references districts (id)
);
create index exchanges_district_idx on exchanges (district_id, id desc);                              -- /exchanges: newest
create index exchanges_person_idx on exchanges (person_id, id desc) where person_id is not null;     -- a system's own
create index exchanges_at_idx on exchanges using brin (at);                                           -- tasks: old enough to be forgotten

grant select, insert, update, delete on messages, message_reads, contacts, outside_told, webhooks, outbox, letter_lines to xunge_app;
grant select, insert, delete on exchanges to xunge_app;
grant usage, select on all sequences in schema public to xunge_app;
grant execute on function log_message, put_messages to xunge_app;
