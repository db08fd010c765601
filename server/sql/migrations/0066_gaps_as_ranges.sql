-- What is missing of a tablet's counting, as ranges: nothing of it has to be dropped, however much that is.

update devices d set seq_gaps = coalesce((
    select jsonb_agg(jsonb_build_object('first', r.first, 'last', r.last, 'since', coalesce(d.seen_at, d.enrolled_at)) order by r.first)
    from (
        select min(n) as first, max(n) as last
        from (select g.n, g.n - row_number() over (order by g.n) as run
              from (select distinct value::bigint as n from jsonb_array_elements_text(d.seq_gaps) as value) g) runs
        group by run
    ) r), '[]');
comment on column devices.seq_gaps is 'Numbers that never arrived though later ones did: [{first, last, since}] in order, since = when a later one arrived.';
