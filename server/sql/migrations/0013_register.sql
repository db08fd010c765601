-- The register of providers: what a handling crew is permitted, qualified and, for a while, forbidden to do; and the
-- moment at which a missed deadline goes up.

-- The moment is reckoned where the clock is, in the clock's own kind of time, so that the task only looks it up in
-- order. A clock that its pack does not escalate has none.
alter table deadlines add column escalate_at timestamptz;
comment on column deadlines.escalate_at is 'When this clock, missed, goes one level up: at due_at, and once more after one more original limit. Null: not (any more).';
update deadlines set escalate_at = due_at + make_interval(mins => limit_min * escalations)
where stopped_at is null and escalations < 2 and kind in ('handle', 'whole');
drop index deadlines_open_idx;
create index deadlines_escalate_idx on deadlines (escalate_at) where stopped_at is null and paused_at is null and escalate_at is not null;  -- tasks: what was missed

create table permits (
    id              bigint generated always as identity,
    organisation_id bigint not null,
    category        text not null,
    valid_from      date not null,
    valid_to        date,
    note            text not null default '',
    granted_by      bigint,
    granted_at      timestamptz not null default now(),
    constraint permits_pkey primary key (id),
    constraint permits_once_key unique (organisation_id, category, valid_from),
    constraint permits_category_form check (category <> '' and category ~ '^[^*[:space:]]*[*]?$'),
    constraint permits_days_in_order check (valid_to >= valid_from),
    constraint permits_organisation_fkey foreign key (organisation_id) references organisations (id),
    constraint permits_granted_by_fkey foreign key (granted_by) references people (id)
);
comment on column permits.category is 'A category as "system/code"; ending in * it permits what begins so.';
comment on column permits.valid_to is 'The last day, by the district''s own calendar; null: no end.';

create table qualifications (
    id              bigint generated always as identity,
    organisation_id bigint not null,
    kind            text not null,
    document        text not null,
    valid_to        date,
    entered_by      bigint,
    entered_at      timestamptz not null default now(),
    constraint qualifications_pkey primary key (id),
    constraint qualifications_once_key unique (organisation_id, kind, document),
    constraint qualifications_kind_not_empty check (kind <> ''),
    constraint qualifications_organisation_fkey foreign key (organisation_id) references organisations (id),
    constraint qualifications_entered_by_fkey foreign key (entered_by) references people (id)
);
comment on table qualifications is 'What a crew can prove by a document; the pack says which condition of a category asks for which kind.';

create table crew_suspensions (
    id              bigint generated always as identity,
    organisation_id bigint not null,
    basis           text not null,
    reason          text not null,
    first_day       date not null,
    last_day        date,
    made_by         bigint,
    made_at         timestamptz not null,
    lifted_by       bigint,
    lifted_at       timestamptz,
    constraint crew_suspensions_pkey primary key (id),
    constraint crew_suspensions_basis_known check (basis in ('sample', 'complaint', 'document', 'other')),
    constraint crew_suspensions_reason_not_empty check (reason <> ''),
    constraint crew_suspensions_days_in_order check (last_day >= first_day),
    constraint crew_suspensions_organisation_fkey foreign key (organisation_id) references organisations (id),
    constraint crew_suspensions_made_by_fkey foreign key (made_by) references people (id),
    constraint crew_suspensions_lifted_by_fkey foreign key (lifted_by) references people (id)
);
create index crew_suspensions_organisation_idx on crew_suspensions (organisation_id) where lifted_at is null;
comment on table crew_suspensions is 'A crew that is given nothing new for a while, after a third party''s blind sample for example. What it has in hand stays.';

-- What was permitted before there was a register is permitted since ever.
insert into permits (organisation_id, category, valid_from)
select o.id, c.category, date '2000-01-01' from organisations o, unnest(o.categories) as c (category)
where c.category <> '' and c.category ~ '^[^*[:space:]]*[*]?$'
on conflict do nothing;
alter table organisations drop column categories;

-- The register of one crew on one day of its district, as one row: `permits` in force, those that are not (`lapsed`),
-- the last day of the best document of each kind, and the suspension in force. Days are texts: they are shown and compared.
create function register_on(p_organisation bigint, p_day date)
returns table (permits text[], lapsed jsonb, qualifications jsonb, suspension jsonb) language sql stable as $$
    select
        array(select distinct m.category from permits m where m.organisation_id = p_organisation
              and p_day >= m.valid_from and (m.valid_to is null or p_day <= m.valid_to) order by m.category),
        coalesce((select jsonb_agg(jsonb_build_array(m.category, m.valid_from, m.valid_to) order by m.valid_to desc nulls last)
              from permits m where m.organisation_id = p_organisation and (p_day < m.valid_from or p_day > m.valid_to)), '[]'),
        coalesce((select jsonb_object_agg(q.kind, q.valid_to) from
              (select distinct on (kind) kind, valid_to from qualifications where organisation_id = p_organisation
               order by kind, valid_to desc nulls first) q), '{}'),
        (select jsonb_build_object('last_day', s.last_day, 'reason', s.reason) from crew_suspensions s
         where s.organisation_id = p_organisation and s.lifted_at is null and p_day >= s.first_day
           and (s.last_day is null or p_day <= s.last_day) order by s.last_day desc nulls first limit 1)
$$;

grant select, insert, update on permits, qualifications, crew_suspensions to xunge_app;
grant execute on function register_on to xunge_app;
