-- An office is staffed by those who can answer for a case: not by workers alone, nor by people who have left.
create or replace function offices_at(p_nodes bigint[], p_now timestamptz)
returns table (grid_id bigint, id bigint, code text, name text, staffed boolean)
language sql stable as $$
    select distinct on (o.grid_id) o.grid_id, o.id, o.code, o.name,
        exists (select from memberships m join people p on p.id = m.person_id
                where m.organisation_id = o.id and m.role in ('centre', 'street', 'community') and p.active
                  and m.valid_from <= p_now and (m.valid_to is null or m.valid_to > p_now))
    from organisations o
    where o.grid_id = any (p_nodes) and o.kind in ('centre', 'street', 'community') and o.active
    order by o.grid_id, o.id
$$;
