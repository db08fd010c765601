-- Finding cases by words, and lists of a crew that walk one index.

-- What a case can be found by, apart from the case, for it changes seldom while the case changes with every act: words of
-- title and description, number and outside number, and as keys what narrows a list to a few (c: category, s: source,
-- n: node of the tree). Kept by a trigger, so that whatever changes a case (an erasure too) changes what finds it.
create table case_words (
    case_id uuid not null,
    words   tsvector not null,
    constraint case_words_pkey primary key (case_id),
    constraint case_words_case_fkey foreign key (case_id) references cases (id) on delete cascade
);

-- Words of Latin, Cyrillic and digits as they are; of a run of ideographs each pair, and the last one alone, so that a
-- single ideograph is found as the beginning of a pair. Numbers of seven digits and more are telephones and the like:
-- nobody is found by them.
create function search_words(p_text text) returns text[] language sql immutable parallel safe as $$
    select coalesce(array_agg(distinct w.word), '{}')
    from regexp_matches(lower(normalize(left(coalesce(p_text, ''), 1000), nfkc)), '[㐀-鿿豈-﫿]+|[a-z0-9à-ɏа-я]+', 'g') m
    cross join lateral (
        select m[1] as word where m[1] ~ '^[a-z0-9à-ɏа-я]' and m[1] !~ '[0-9]{7}' and length(m[1]) <= 60
        union all
        select substr(m[1], i, 2) from generate_series(1, length(m[1])) i where m[1] !~ '^[a-z0-9à-ɏа-я]'
    ) w
$$;

create function words_of_case(c cases) returns tsvector language sql immutable as $$
    select array_to_tsvector(array_remove(search_words(c.title || ' ' || c.description)
        || array[lower(c.number), lower(c.external_id), 'c:' || c.category_system || '/' || c.category_code, 's:' || c.source,
                 'n:' || c.district_id, 'n:' || c.street_id, 'n:' || c.community_id, 'n:' || c.grid_id], null))
$$;

create function keep_case_words() returns trigger language plpgsql as $$
begin
    insert into case_words (case_id, words) values (new.id, words_of_case(new))
    on conflict on constraint case_words_pkey do update set words = excluded.words;
    return null;
end $$;
create trigger case_words_new after insert on cases for each row execute function keep_case_words();
create trigger case_words_changed after update on cases for each row
    -- Spelled out: PostgreSQL writes a comparison of rows in other brackets each time it is dumped and restored.
    when (old.title is distinct from new.title or old.description is distinct from new.description
          or old.category_system is distinct from new.category_system or old.category_code is distinct from new.category_code
          or old.source is distinct from new.source or old.district_id is distinct from new.district_id
          or old.street_id is distinct from new.street_id or old.community_id is distinct from new.community_id
          or old.grid_id is distinct from new.grid_id)
    execute function keep_case_words();

insert into case_words (case_id, words) select c.id, words_of_case(c) from cases c;
create index case_words_idx on case_words using gin (words);     -- search, and lists of a rare category or source
analyze case_words;

grant select, insert, update, delete on case_words to xunge_app;

-- `p_q` is a query of words (tsquery) now, and `p_held` are the only ids that may be found, whatever the board is. The words
-- stand outside of `is_asked`: a function with a query in it is not inlined, and then no index is. They are looked up case
-- by case, for this is asked of words that many have.
drop function is_asked(cases, timestamp with time zone, timestamp with time zone, text, uuid[], text[], bigint, bigint, bigint, boolean, text, text, boolean, text, bigint, timestamp with time zone, timestamp with time zone, text, double precision, double precision, double precision, double precision);
create function is_asked(c cases, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
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
      and (p_held is null or c.id = any (p_held))
      and (p_west is null or c.place && st_makeenvelope(p_west, p_south, p_east, p_north, 4326))
      and case p_board when 'soon' then c.next_due_at between p_now and p_soon when 'returned' then c.flags && '{return_asked,extension_asked,suspension_asked,appeal_open}' else true end
$$;

create or replace function asked_office(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where in_office(c, p_district, p_street, p_community, p_grids)
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;

create or replace function asked_cases(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
    where is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;

-- What a crew has is a part of its own, so that a page of it is the first rows of one index range.
create function asked_handled(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where c.handler_id = p_organisation and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;

create or replace function asked_others(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint, p_now timestamp with time zone, p_soon timestamp with time zone, p_board text, p_held uuid[], p_states text[], p_in_street bigint, p_in_community bigint, p_in_grid bigint, p_outside boolean, p_category_system text, p_category_code text, p_overdue boolean, p_source text, p_handler bigint, p_start timestamp with time zone, p_until timestamp with time zone, p_q text, p_west double precision, p_south double precision, p_east double precision, p_north double precision) RETURNS SETOF cases
    LANGUAGE sql STABLE
    AS $$
    select c.* from cases c where c.helpers @> array[p_organisation] and c.helpers <> '{}' and c.handler_id is distinct from p_organisation
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
    union all
    select c.* from cases c where c.state = 'registered' and c.flags @> '{claimable}' and c.district_id = (select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew')
      and c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
      and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
    union all
    select c.* from cases c where c.reporter_id = p_person and in_office(c, p_district, p_street, p_community, p_grids) is not true
      and (p_organisation is null or (c.handler_id is distinct from p_organisation and not (c.helpers @> array[p_organisation])
        and not (c.state = 'registered' and c.flags @> '{claimable}'
          and c.district_id = coalesce((select o.district_id from organisations o where o.id = p_organisation and o.kind = 'crew'), 0))))
      and is_asked(c, p_now, p_soon, p_board, p_held, p_states, p_in_street, p_in_community, p_in_grid, p_outside,
        p_category_system, p_category_code, p_overdue, p_source, p_handler, p_start, p_until, p_west, p_south, p_east, p_north)
      and (p_q is null or (select w.words @@ p_q::tsquery from case_words w where w.case_id = c.id))
$$;
