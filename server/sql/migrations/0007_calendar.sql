-- Working time: the hours of the week, the exceptions of the years that are declared. server/calendar/ reads and writes it.

create table calendars (
    district_id      bigint not null,
    stamp            uuid not null default gen_random_uuid(),
    changed_at       timestamptz not null,
    recomputed       uuid,
    recompute_after  uuid,
    through_holidays text[] not null default '{seat}',
    constraint calendars_pkey primary key (district_id),
    constraint calendars_district_fkey foreign key (district_id) references districts (id),
    constraint calendars_kinds_known check (through_holidays <@ '{working,seat}')
);
comment on column calendars.stamp is 'Another with every change; never used twice, not even by a transaction that is rolled back.';
comment on column calendars.recomputed is 'The stamp under which the open deadlines stand; another than `stamp`: they are to be recomputed.';
comment on column calendars.recompute_after is 'The last case of the round of recomputing that is under way.';
comment on column calendars.through_holidays is 'Kinds of time that run on holidays as in any week.';

create table calendar_years (
    district_id bigint not null,
    year        smallint not null,
    declared_at timestamptz not null,
    declared_by bigint,
    constraint calendar_years_pkey primary key (district_id, year),
    constraint calendar_years_calendar_fkey foreign key (district_id) references calendars (district_id),
    constraint calendar_years_person_fkey foreign key (declared_by) references people (id),
    constraint calendar_years_range check (year between 2000 and 2199)
);
comment on column calendar_years.declared_by is 'Null: known to the program.';

create table calendar_days (
    district_id bigint not null,
    day         date not null,
    working     boolean not null,
    name        text not null default '',
    constraint calendar_days_pkey primary key (district_id, day),
    constraint calendar_days_calendar_fkey foreign key (district_id) references calendars (district_id),
    constraint calendar_days_range check (day >= '2000-01-01' and day < '2200-01-01'),
    constraint calendar_days_name_short check (length(name) <= 80)
);
comment on table calendar_days is 'Days that are not as their weekday: holidays (also on a weekend) and days worked instead.';

create table working_hours (
    district_id bigint not null,
    time_kind   text not null,
    weekday     smallint not null,
    opens       smallint not null,
    closes      smallint not null,
    constraint working_hours_pkey primary key (district_id, time_kind, weekday, opens),
    constraint working_hours_calendar_fkey foreign key (district_id) references calendars (district_id),
    constraint working_hours_kind_known check (time_kind in ('working', 'seat')),
    constraint working_hours_weekday_known check (weekday between 1 and 7),
    constraint working_hours_within_day check (opens >= 0 and opens < closes and closes <= 1440)
);
comment on table working_hours is 'Minutes of the local day; Monday is 1. A kind of time without rows has the usual hours.';

grant select, insert, update, delete on calendars, calendar_years, calendar_days, working_hours to xunge_app;
