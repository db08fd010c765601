-- The words of a case are found in plpgsql, whose plans the session keeps: a function in SQL is parsed and planned anew by
-- each statement that calls it, which was most of what storing a report cost.
create or replace function search_words(p_text text) returns text[] language plpgsql immutable parallel safe as $$
begin
    return (
        select coalesce(array_agg(distinct w.word), '{}')
        from regexp_matches(lower(normalize(left(coalesce(p_text, ''), 1000), nfkc)), '[㐀-鿿豈-﫿]+|[a-z0-9à-ɏа-я]+', 'g') m
        cross join lateral (
            select m[1] as word where m[1] ~ '^[a-z0-9à-ɏа-я]' and m[1] !~ '[0-9]{7}' and length(m[1]) <= 60
            union all
            select substr(m[1], i, 2) from generate_series(1, length(m[1])) i where m[1] !~ '^[a-z0-9à-ɏа-я]'
        ) w);
end $$;

create or replace function words_of_case(c cases) returns tsvector language plpgsql immutable as $$
begin
    return array_to_tsvector(array_remove(search_words(c.title || ' ' || c.description)
        || array[lower(c.number), lower(c.external_id), 'c:' || c.category_system || '/' || c.category_code, 's:' || c.source,
                 'n:' || c.district_id, 'n:' || c.street_id, 'n:' || c.community_id, 'n:' || c.grid_id], null));
end $$;
