-- To whom a reply is owed, in somebody's scope, also in closed cases: the running reply clocks of present lives and the day
-- of each. Their cases are found by all keys at once, which go into every branch of the scope; a plain join would read the
-- whole scope, and a key at a time costs those twice as much who see few of them. deadlines_running_idx, then cases_pkey.
create function owed_replies(p_district bigint, p_street bigint, p_community bigint, p_grids bigint[], p_organisation bigint, p_person bigint)
returns table (case_id uuid, due_at timestamptz) language sql stable as $$
    with owed as materialized (
        select d.case_id, d.cycle, d.due_at from deadlines d where d.kind = 'reply' and d.stopped_at is null and d.paused_at is null
    )
    select o.case_id, o.due_at
    from visible_cases(p_district, p_street, p_community, p_grids, p_organisation, p_person) c
    join owed o on (o.case_id, o.cycle) = (c.id, c.cycle)
    where c.id = any (array(select owed.case_id from owed))
$$;
grant execute on function owed_replies to xunge_app;
