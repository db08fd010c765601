-- The whole table of transitions: what a case must know of itself so that every row can be decided, and what its cycles
-- must keep so that every indicator can be counted.

-- Facts of the present cycle that the table asks for and sets (`Row.raises`, `Row.clears`): "return_asked",
-- "suspended_once", "called:17" (organisation 17 was called and has not come) …
alter table cases
    add column flags        text[] not null default '{}',
    add column helpers      bigint[] not null default '{}',
    add column dispatchers  bigint[] not null default '{}',
    add column holder_level smallint not null default 0,
    add column parent_id    uuid,
    add column survivor_id  uuid,
    add column payer        text not null default '',
    add column form         jsonb not null default '{}';
-- What was told of these rows is told already; the change of shape is none of the cases' own.
alter table cases disable trigger user;
update cases c set
    flags = array_remove(array[case when c.asked_return then 'return_asked' end,
        case when c.self_handled then 'self_handled' end,
        case when y.registered_at is not null then 'registered' end], null),
    helpers = array_remove(array[c.helper_id], null),
    dispatchers = array_remove(array[c.dispatched_by], null),
    holder_level = coalesce((select n.level from organisations o join grid_nodes n on n.id = o.grid_id where o.id = c.holder_id), 0)
from cycles y where (y.case_id, y.n) = (c.id, c.cycle);
alter table cases enable trigger user;
alter table cases
    add constraint cases_parent_fkey foreign key (parent_id) references cases (id) deferrable initially deferred,
    add constraint cases_survivor_fkey foreign key (survivor_id) references cases (id) deferrable initially deferred,
    add constraint cases_not_own_parent check (parent_id is distinct from id and survivor_id is distinct from id),
    drop column asked_return, drop column helper_id, drop column dispatched_by;
create index cases_helpers_idx on cases using gin (helpers) where helpers <> '{}';                      -- helper: asked of me
create index cases_parent_idx on cases (parent_id) where parent_id is not null;                         -- parts of a split case
create index cases_survivor_idx on cases (survivor_id) where survivor_id is not null;                   -- merged into it
create index cases_claimable_idx on cases (district_id, reported_at desc, id desc)
    where state = 'registered' and flags @> '{claimable}';                                              -- volunteers: open to claims
comment on column cases.flags is 'Facts of the present cycle that the transition table sets and asks for.';
comment on column cases.form is 'Answers to the category''s own questions, as the pack asked them; private ones are masked in lists.';

alter table cycles
    add column extensions    smallint not null default 0,
    add column suspended     boolean not null default false,
    add column assigned_anyway boolean not null default false,
    add column handle_started_at timestamptz,
    add column reply_due_at  timestamptz,
    add column replied_at    timestamptz,
    add column callback      text,
    add column solved        boolean,
    add column rating        smallint,
    add column sampled       text,
    add column excused       boolean not null default false,
    add constraint cycles_rating_range check (rating between 1 and 5),
    add constraint cycles_callback_known check (callback in ('satisfied', 'not_satisfied', 'not_reached')),
    add constraint cycles_sampled_known check (sampled in ('upheld', 'void'));
comment on column cycles.suspended is 'Whether it is suspended now: such cycles leave the rates and are counted apart.';
comment on column cycles.excused is 'An appeal was upheld: overdue stays a fact, the crew does not answer for it.';

alter table deadlines
    add column pauses     timestamptz[] not null default '{}',
    add column granted_min integer not null default 0,
    drop constraint deadlines_kind_known,
    add constraint deadlines_kind_known check (kind in ('register', 'verify', 'dispatch', 'handle', 'inspect', 'close', 'whole', 'reply',
        'wait', 'arrive', 'help', 'notice', 'supervise', 'enforce', 'suspend')),
    drop constraint deadlines_time_kind_known,
    add constraint deadlines_time_kind_known check (time_kind in ('seat', 'working', 'emergency', 'calendar', 'fixed')),
    add constraint deadlines_pauses_paired check (cardinality(pauses) % 2 = 0);
comment on column deadlines.granted_min is 'What extensions added to the original limit, limit_min.';
comment on column deadlines.pauses is 'Spans in which the clock stood: from, to, from, to …; a pause that goes on is in paused_at.';
create index deadlines_running_idx on deadlines (kind, due_at) where stopped_at is null and paused_at is null;  -- tasks: what time itself does

alter table commands drop constraint commands_origin_known,
    add constraint commands_origin_known check (origin in ('tablet', 'console', 'api', 'import', 'system', 'link'));

-- Outside parties answer by a link; only the hash of its token is kept.
create table outside_links (
    token_hash bytea not null,
    case_id    uuid not null,
    cycle      integer not null,
    organisation_id bigint not null,
    made_at    timestamptz not null,
    expires_at timestamptz not null,
    ended_at   timestamptz,
    constraint outside_links_pkey primary key (token_hash),
    constraint outside_links_case_fkey foreign key (case_id) references cases (id),
    constraint outside_links_organisation_fkey foreign key (organisation_id) references organisations (id)
);
create index outside_links_case_idx on outside_links (case_id);
grant select, insert, update on outside_links to xunge_app;

create or replace function log_case_change() returns trigger language plpgsql as $$
begin
    -- A helper that was let go must be told that the case left its sight, so both lists go along.
    perform log_change(new.district_id, 'case', new.id::text, new.version,
        case when tg_op = 'UPDATE' then array[old.district_id, old.street_id, old.community_id, old.grid_id] end,
        array[new.district_id, new.street_id, new.community_id, new.grid_id],
        array_remove(array[new.handler_id] || new.helpers || case when tg_op = 'UPDATE' then old.handler_id || old.helpers else '{}' end, null),
        array_remove(array[new.reporter_id], null));
    return null;
end $$;

-- Scope, with helpers in the plural and with what is open to claims by the crews of its district.
create or replace function visible_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint)
returns setof cases language sql stable as $$
    select c.* from cases c where in_office(c, p_district, p_street, p_community, p_grids)
    union all
    select c.* from cases c where c.handler_id = p_organisation
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.helpers @> array[p_organisation] and c.helpers <> '{}' and c.handler_id is distinct from p_organisation
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.state = 'registered' and c.flags @> '{claimable}'
        and c.district_id = (select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew')
        and c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
    union all
    select c.* from cases c where c.reporter_id = p_person
        and (p_organisation is null or (c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
            and not (c.state = 'registered' and c.flags @> '{claimable}'
                and c.district_id = coalesce((select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew'), 0))))
        and in_office(c, p_district, p_street, p_community, p_grids) is not true
$$;

create or replace function is_asked(c cases, p_now timestamptz, p_soon timestamptz, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint,
    p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint,
    p_start timestamptz, p_until timestamptz, p_q text, p_west float8, p_south float8, p_east float8, p_north float8)
returns boolean language sql stable as $$
    select (p_states is null or c.state = any (p_states))
      and (p_in_street is null or c.street_id = p_in_street)
      and (p_in_community is null or c.community_id = p_in_community)
      and (p_in_grid is null or c.grid_id = p_in_grid)
      and (p_outside is null or (c.street_id is null) = p_outside)
      and (p_category_code is null or (c.category_system = p_category_system and c.category_code = p_category_code))
      and (p_overdue is null or coalesce(c.due_at < coalesce(c.closed_at, p_now), false) = p_overdue)
      and (p_source is null or c.source = p_source)
      and (p_handler is null or c.handler_id = p_handler)
      and (p_start is null or c.reported_at >= p_start)
      and (p_until is null or c.reported_at < p_until)
      and (p_q is null or c.number like p_q || '%' or c.external_id = p_q or c.title ilike '%' || p_q || '%')
      and (p_west is null or c.place && st_makeenvelope(p_west, p_south, p_east, p_north, 4326))
      and case p_board when 'soon' then c.next_due_at between p_now and p_soon when 'returned' then c.flags && '{return_asked,extension_asked,suspension_asked,appeal_open}'
          when 'held' then c.id = any (p_held) else true end
$$;

create or replace function asked_others(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint,
    p_now timestamptz, p_soon timestamptz, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint,
    p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint,
    p_start timestamptz, p_until timestamptz, p_q text, p_west float8, p_south float8, p_east float8, p_north float8)
returns setof cases language sql stable as $$
    select c.* from cases c where c.handler_id = p_organisation and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
    union all
    select c.* from cases c where c.helpers @> array[p_organisation] and c.helpers <> '{}' and c.handler_id is distinct from p_organisation
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
    union all
    select c.* from cases c where c.state = 'registered' and c.flags @> '{claimable}' and c.district_id = (select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew')
      and c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
    union all
    select c.* from cases c where c.reporter_id = p_person and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and (p_organisation is null or (c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
        and not (c.state = 'registered' and c.flags @> '{claimable}'
          and c.district_id = coalesce((select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew'), 0))))
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_q, p_west, p_south, p_east, p_north)
$$;
