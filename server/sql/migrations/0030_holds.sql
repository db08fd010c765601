-- Acts that wait for a person: who must decide and until when, what was decided, and how the tablet hears of it.

alter table holds
    add column device_id uuid,
    add column depends_on uuid,
    add column offset_ms bigint,
    add column decides_id bigint,
    add column due_at timestamptz,
    add column escalations smallint not null default 0,
    add column decided_office bigint,
    add column decided_as uuid,
    add column said text not null default '',
    add constraint holds_decides_fkey foreign key (decides_id) references organisations (id),
    add constraint holds_decided_office_fkey foreign key (decided_office) references organisations (id),
    add constraint holds_decision_known check (decision in ('apply', 'change', 'refuse', 'with')),
    add constraint holds_decided_whole check ((decided_at is null) = (decision is null));
comment on column holds.offset_ms is 'How far the device''s clock was before the server''s when it sent (negative: behind); null where it did not say.';
comment on column holds.decided_as is 'The command that carried the decision into the case; the held command''s own answer stays "held" for ever.';
comment on column holds.said is 'What the office says to whoever made it; erasable.';

-- Who decides: the nearest office at or above the one that holds the case in which a duty officer has work now, streets
-- before the centre; without one the centre, whose board it stands on.
create function decider_of(p_district bigint, p_street bigint, p_holder_level integer, p_now timestamptz) returns bigint
language sql stable as $$
    select o.id from organisations o
    where o.active and (o.kind = 'centre' and o.grid_id = p_district
                        or o.kind = 'street' and o.grid_id = p_street and p_holder_level > 0)
    order by exists (select from memberships m where m.organisation_id = o.id and m.duties @> '{duty}' and m.valid_from <= p_now
                       and (m.valid_to is null or m.valid_to > p_now)) desc, o.kind = 'street' desc, o.id
    limit 1
$$;
grant execute on function decider_of to xunge_app;

update holds h set
    device_id = m.device_id,
    due_at = h.created_at + interval '24 hours',
    decides_id = decider_of(h.district_id, null, 0, now())
from commands m where m.command_id = h.command_id;

create index holds_late_idx on holds (due_at) where decided_at is null;                                -- tasks: what waits too long
create index holds_dependants_idx on holds (depends_on) where decided_at is null;                      -- what goes with its parent
create index holds_device_idx on holds (device_id, decided_at) where decided_at is not null;           -- tablet: decisions of a first copy

alter table change_log drop constraint change_log_kind_known,
    add constraint change_log_kind_known check (kind in ('case', 'grid', 'pack', 'person', 'message', 'decision'));

-- A decision is told to the tablet that sent the act, like everything else in the order of commits.
create function log_decision() returns trigger language plpgsql as $$
begin
    perform log_change(new.district_id, 'decision', new.command_id::text);
    return null;
end $$;
create constraint trigger holds_log_decision after update on holds deferrable initially deferred
    for each row when (old.decided_at is null and new.decided_at is not null) execute function log_decision();
