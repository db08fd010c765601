-- A case that is open to claims concerns every crew of its district: the log says so by -1 among the hands, when it
-- becomes so and when it ends. Without it a crew that follows the log heard neither.
create or replace function log_case_change() returns trigger language plpgsql as $$
begin
    -- A helper that was let go must be told that the case left its sight, so both lists go along.
    perform log_change(new.district_id, 'case', new.id::text, new.version,
        case when tg_op = 'UPDATE' then array[old.district_id, old.street_id, old.community_id, old.grid_id] end,
        array[new.district_id, new.street_id, new.community_id, new.grid_id],
        array_remove(array[new.handler_id] || new.helpers || case when tg_op = 'UPDATE' then old.handler_id || old.helpers else '{}' end
            || case when new.flags @> '{claimable}' or (tg_op = 'UPDATE' and old.flags @> '{claimable}') then array[-1::bigint] else '{}' end, null),
        array_remove(array[new.reporter_id], null));
    return null;
end $$;
