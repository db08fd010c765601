-- A look-up of one point cost seven times more in planning than in doing: here the session keeps the plan. `located_at`
-- itself stays plain SQL, so that the planner sees through it where it is part of a larger query.
create function whose(p_lons float8[], p_lats float8[], p_reaches float8[], p_easts float8[], p_norths float8[],
    p_districts bigint[])
returns table (ord bigint, node_id bigint, version_id bigint, code text, touches boolean, away_m float8, district_id bigint,
    community_id bigint, street_id bigint, covers boolean, share float8)
language plpgsql stable set plan_cache_mode = 'force_generic_plan' as $$
begin
    return query select * from located_at(p_lons, p_lats, p_reaches, p_easts, p_norths, p_districts);
end $$;
grant execute on function whose to xunge_app;
