-- A message tells an event of a case, or something about a held act, which may have no case: a report that waits has none.

alter table messages
    alter column case_id drop not null,
    alter column number drop not null,
    add column held_id uuid,
    add constraint messages_held_fkey foreign key (held_id) references holds (command_id),
    add constraint messages_about_something check ((case_id is null) = (number is null) and (case_id is not null or held_id is not null)),
    drop constraint messages_once_key,
    add constraint messages_once_key unique nulls not distinct (case_id, held_id, n, to_kind, to_id);
comment on column messages.n is 'Which event of the case; of a held act how often it had gone up, 0 where it was decided.';
comment on column messages.held_id is 'The held act that this is about; what was said about it is read there, so that it can be erased.';

create or replace function put_messages(p_notices jsonb, p_now timestamptz) returns void language plpgsql
set plan_cache_mode = 'force_generic_plan' as $$
declare v_new bigint[];
begin
    with told as (
        insert into messages (district_id, to_kind, to_id, case_id, number, held_id, n, action, params, urgent, made_at)
        select t.district_id, t.to_kind, t.to_id, t.case_id, t.number, t.held_id, t.n, t.action, t.params, t.urgent, p_now
        from jsonb_to_recordset(p_notices) as t (district_id bigint, to_kind text, to_id bigint, case_id uuid, number text,
            held_id uuid, n integer, action text, params jsonb, urgent boolean)
        on conflict on constraint messages_once_key do nothing returning id
    ) select array_agg(id) into v_new from told;
    if v_new is null or not exists (select from contacts where active) then
        return;
    end if;
    insert into letter_lines (contact_id, message_id, urgent)
    select c.id, t.id, t.urgent
    from messages t
    join contacts c on c.district_id = t.district_id and c.active
    where t.id = any (v_new) and case t.to_kind
        when 'person' then c.person_id = t.to_id
        when 'organisation' then c.organisation_id = t.to_id
        when 'grid' then exists (
            select from memberships m
            join grids g on g.node_id = t.to_id and g.current
            left join grids p on (p.version_id, p.node_id) = (g.version_id, g.parent_id)
            where m.person_id = c.person_id and m.role = 'worker' and m.grid_id in (g.node_id, p.node_id, p.parent_id)
              and m.valid_from <= p_now and coalesce(m.valid_to > p_now, true))
        else exists (
            select from memberships m
            where m.person_id = c.person_id and m.organisation_id = t.to_id and substr(t.to_kind, 6) = any (m.duties)
              and m.valid_from <= p_now and coalesce(m.valid_to > p_now, true))
        end;
end $$;
