-- name: changes_of_cases
-- Cases as tablets keep them, each a finished change in JSON text: codes and times, words only where a tablet may not know
-- the code. Ids are in scope already (asked through visible_cases); :seqs stand beside them. Made in the database because a
-- first copy is thousands of these: the server passes the text on unread. Not masked: whoever works on the spot must be
-- able to call without a network, and the tablet is sealed.
select c.id, json_build_object('seq', w.seq, 'kind', 'case', 'id', c.id, 'version', c.version, 'body', json_build_object(
    'number', c.number, 'id', c.id, 'state', c.state, 'state_word', words #>> array['states', c.state],
    'version', c.version, 'cycle', c.cycle,
    'category', json_build_object('system', c.category_system, 'code', c.category_code,
        'name', words #>> array['categories', c.category_system || '/' || c.category_code],
        'as_it_came', nullif(c.category_text, '')),
    'condition', nullif(c.condition, ''), 'severity', c.severity, 'title', c.title, 'description', c.description, 'form', c.form,
    'location', json_build_object('lon', c.lon_e7 / 1e7::float8, 'lat', c.lat_e7 / 1e7::float8, 'accuracy_m', c.accuracy_m),
    'grid', json_build_object('code', g.code, 'name', g.name, 'boundary_version', c.boundary_version, 'status', c.place_status),
    'source', c.source, 'tags', c.tags, 'self_handled', c.self_handled,
    'reported_at', wire_time(c.reported_at), 'received_at', wire_time(c.received_at), 'changed_at', wire_time(c.changed_at),
    'due_at', wire_time(c.due_at), 'due_provisional', c.due_provisional,
    'holder', case when h.id is not null then json_build_object('kind', h.kind, 'code', h.code, 'name', h.name) end,
    'handler', case when a.id is not null then json_build_object('kind', a.kind, 'code', a.code, 'name', a.name) end,
    'payer', c.payer, 'closed_at', wire_time(c.closed_at), 'close_kind', c.close_kind,
    'deadlines', coalesce(clocks.list, '[]'), 'attachments', coalesce(photos.list, '[]'), 'events', coalesce(events.list, '[]'),
    'facts', json_build_object('id', c.id, 'state', c.state, 'nodes', array[c.district_id, c.street_id, c.community_id, c.grid_id],
        'handler', c.handler_id, 'reporter', c.reporter_id, 'dispatchers', c.dispatchers, 'flags', c.flags, 'helpers', c.helpers,
        'holder', c.holder_id, 'holder_level', c.holder_level,
        'overdue', coalesce(c.due_at < :now, false) or coalesce(c.next_clock in ('handle', 'whole') and c.next_due_at < :now, false))
    ))::text as change
from (select :words::jsonb as words) v
cross join unnest(:ids::uuid[], :seqs::bigint[]) with ordinality as w (id, seq, at)
join cases c on c.id = w.id and c.id = any (:ids::uuid[])
left join organisations h on h.id = c.holder_id
left join organisations a on a.id = c.handler_id
left join grids g on g.current and g.node_id = coalesce(c.grid_id, c.community_id, c.street_id)
cross join lateral (
    select json_agg(json_build_object('kind', d.kind, 'word', words #>> array['clocks', d.kind], 'limit_min', d.limit_min,
        'time_kind', d.time_kind, 'started_at', wire_time(d.started_at), 'due_at', wire_time(d.due_at),
        'paused_at', wire_time(d.paused_at), 'stopped_at', wire_time(d.stopped_at), 'provisional', d.provisional)
        order by d.started_at, d.kind) as list
    from deadlines d where d.case_id = c.id and d.cycle = c.cycle
) clocks
cross join lateral (
    select json_agg(json_build_object('id', p.id, 'sha256', p.sha256, 'bytes', p.bytes, 'mime', p.mime, 'stage', p.stage,
        'made_at', wire_time(p.made_at), 'arrived', p.arrived_at is not null,
        'erased', coalesce(r.code = 'erased', false), 'refused', case when r.code is not null then coalesce(words #>> array['refusals', r.code], r.code) end)
        order by p.made_at, p.id) as list
    from attachments p left join refused_pictures r on r.sha256 = p.sha256 and p.arrived_at is null where p.case_id = c.id
) photos
cross join lateral (
    select json_agg(json_build_object('n', e.n, 'action', e.action, 'action_word', words #>> array['actions', e.action],
        'from', e.from_state, 'to', e.to_state, 'acted_at', e.acted_at, 'received_at', e.received_at,
        'actor_name', coalesce(who.name, case when e.actor is not null then words ->> 'erased_person' end),
        'organisation_name', coalesce(o.name, case when e.actor is null and e.body::json ->> 'link' = 'resident' then words ->> 'resident' end),
        'text', case
            when t.body is not null then (select string_agg(said.value #>> '{}', ' · ') from json_each(t.body::json) said
                where json_typeof(said.value) = 'string')
            when e.body::json ->> 'private' is not null then words ->> 'erased' end)
        order by e.n) as list
    from (select * from case_events e where e.case_id = c.id order by e.n desc limit :timeline) e
    left join people_private who on who.person_id = e.actor
    left join organisations o on o.id = e.organisation
    left join event_private t on (t.case_id, t.n) = (e.case_id, e.n)
) events
order by w.at;
