-- One call to load what a batch of commands needs, one to write what it decided: both functions keep their plans, so that a
-- command costs two round trips however many tables it touches.

create function load_batch(p_commands uuid[], p_cases uuid[], p_now timestamptz) returns json language plpgsql as $$
begin
    -- Locked in id order, so that two batches never wait for each other in a ring; what follows reads what is locked.
    perform from cases c where c.id = any (p_cases) order by c.id for update;
    return json_build_object(
        'answers', (select json_agg(a) from (
            select c.command_id, c.body_hash, c.outcome, c.case_id, c.code, c.params, c.version, k.number
            from commands c left join case_keys k on k.case_id = c.case_id where c.command_id = any (p_commands)) a),
        'works', (select json_agg(json_build_object(
                'case', row_to_json(c),
                'cycle', row_to_json(y),
                'pack', (select v.sha256 from pack_versions v where v.id = c.pack_version),
                'clocks', (select json_agg(d) from deadlines d where d.case_id = c.id and d.cycle = c.cycle),
                'photos_waiting', (select count(*) from attachments a
                    where a.case_id = c.id and a.stage = 'after' and a.arrived_at is null
                      and not exists (select from refused_pictures r where r.sha256 = a.sha256))))
            from cases c join cycles y on (y.case_id, y.n) = (c.id, c.cycle) where c.id = any (p_cases)),
        'districts', (select json_agg(d) from (
            select d.id, d.code, d.name, d.timezone, k.stamp
            from districts d left join calendars k on k.district_id = d.id order by d.id) d),
        'offices', (select json_agg(o) from offices_at((select array_agg(distinct n.node) from cases c
            cross join lateral unnest(array[c.district_id, c.street_id, c.community_id]) n (node)
            where c.id = any (p_cases)), p_now) o));
end $$;

-- The office of each node (one a node; the oldest where several stand) and whether anybody works there now.
create function offices_at(p_nodes bigint[], p_now timestamptz)
returns table (grid_id bigint, id bigint, code text, name text, staffed boolean) language sql stable as $$
    select distinct on (o.grid_id) o.grid_id, o.id, o.code, o.name,
        exists (select from memberships m where m.organisation_id = o.id and m.valid_from <= p_now
                and (m.valid_to is null or m.valid_to > p_now))
    from organisations o
    where o.grid_id = any (p_nodes) and o.kind in ('centre', 'street', 'community') and o.active
    order by o.grid_id, o.id
$$;

-- All rows of a batch, parents before children; the deferred triggers check and number them at commit.
create function write_batch(p jsonb) returns void language plpgsql as $$
begin
    if p ? 'new' then
        insert into cases (id, number, pack_version, category_system, category_code, place_status, district_id, holder_id, source,
        reported_at, received_at, changed_at, acted_at, state, version, moved_version, cycle, category_text,
        condition, severity, title, description, lon_e7, lat_e7, accuracy_m, crs_source, place_candidates, street_id,
        community_id, grid_id, boundary_version, handler_id, reporter_id, flags, helpers, dispatchers, holder_level,
        parent_id, survivor_id, payer, form, external_id, tags, self_handled, due_at, due_provisional, next_due_at,
        next_clock, closed_at, close_kind, last_hash)
        select id, number, pack_version, category_system, category_code, place_status, district_id, holder_id, source,
        reported_at, received_at, changed_at, acted_at, state, version, moved_version, cycle, category_text,
        condition, severity, title, description, lon_e7, lat_e7, accuracy_m, crs_source, place_candidates, street_id,
        community_id, grid_id, boundary_version, handler_id, reporter_id, flags, helpers, dispatchers, holder_level,
        parent_id, survivor_id, payer, form, external_id, tags, self_handled, due_at, due_provisional, next_due_at,
        next_clock, closed_at, close_kind, last_hash
        from jsonb_populate_recordset(null::cases, p -> 'new');
        insert into case_keys (number, source, external_id, case_id)
        select number, source, external_id, id from jsonb_populate_recordset(null::cases, p -> 'new');
    end if;
    if p ? 'changed' then
        update cases c set (pack_version, category_system, category_code, place_status, holder_id, reported_at, changed_at, acted_at,
        state, version, moved_version, cycle, category_text, condition, severity, title, description, lon_e7, lat_e7,
        accuracy_m, crs_source, place_candidates, street_id, community_id, grid_id, boundary_version, handler_id,
        reporter_id, flags, helpers, dispatchers, holder_level, parent_id, survivor_id, payer, form, tags,
        self_handled, due_at, due_provisional, next_due_at, next_clock, closed_at, close_kind, last_hash) =
            (r.pack_version, r.category_system, r.category_code, r.place_status, r.holder_id, r.reported_at, r.changed_at,
        r.acted_at, r.state, r.version, r.moved_version, r.cycle, r.category_text, r.condition, r.severity, r.title,
        r.description, r.lon_e7, r.lat_e7, r.accuracy_m, r.crs_source, r.place_candidates, r.street_id,
        r.community_id, r.grid_id, r.boundary_version, r.handler_id, r.reporter_id, r.flags, r.helpers, r.dispatchers,
        r.holder_level, r.parent_id, r.survivor_id, r.payer, r.form, r.tags, r.self_handled, r.due_at,
        r.due_provisional, r.next_due_at, r.next_clock, r.closed_at, r.close_kind, r.last_hash)
        from jsonb_populate_recordset(null::cases, p -> 'changed') r where r.id = c.id;
    end if;
    if p ? 'cycles' then
        insert into cycles (case_id, n, opened_at, registered_at, dispatched_at, handled_at, passed_at, handle_due_at, handler_id, due_at,
        ended_at, ended_as, on_time, reworks, wrong_dispatches, evasions, self_handled, extensions, suspended,
        assigned_anyway, handle_started_at, reply_due_at, replied_at, callback, solved, rating, sampled, excused,
        district_id, street_id, community_id, grid_id, holder_id, category_system, category_code)
        select case_id, n, opened_at, registered_at, dispatched_at, handled_at, passed_at, handle_due_at, handler_id, due_at,
        ended_at, ended_as, on_time, reworks, wrong_dispatches, evasions, self_handled, extensions, suspended,
        assigned_anyway, handle_started_at, reply_due_at, replied_at, callback, solved, rating, sampled, excused,
        district_id, street_id, community_id, grid_id, holder_id, category_system, category_code
        from jsonb_populate_recordset(null::cycles, p -> 'cycles')
        on conflict (case_id, n) do update set
        opened_at = excluded.opened_at, registered_at = excluded.registered_at, dispatched_at =
        excluded.dispatched_at, handled_at = excluded.handled_at, passed_at = excluded.passed_at, handle_due_at =
        excluded.handle_due_at, handler_id = excluded.handler_id, due_at = excluded.due_at, ended_at =
        excluded.ended_at, ended_as = excluded.ended_as, on_time = excluded.on_time, reworks = excluded.reworks,
        wrong_dispatches = excluded.wrong_dispatches, evasions = excluded.evasions, self_handled =
        excluded.self_handled, extensions = excluded.extensions, suspended = excluded.suspended, assigned_anyway =
        excluded.assigned_anyway, handle_started_at = excluded.handle_started_at, reply_due_at =
        excluded.reply_due_at, replied_at = excluded.replied_at, callback = excluded.callback, solved =
        excluded.solved, rating = excluded.rating, sampled = excluded.sampled, excused = excluded.excused, district_id
        = excluded.district_id, street_id = excluded.street_id, community_id = excluded.community_id, grid_id =
        excluded.grid_id, holder_id = excluded.holder_id, category_system = excluded.category_system, category_code =
        excluded.category_code;
    end if;
    if p ? 'deadlines' then
        insert into deadlines (case_id, kind, limit_min, time_kind, started_at, due_at, provisional, paused_at, stopped_at, escalations,
        cycle, pauses, granted_min, escalate_at)
        select case_id, kind, limit_min, time_kind, started_at, due_at, provisional, paused_at, stopped_at, escalations,
        cycle, pauses, granted_min, escalate_at
        from jsonb_populate_recordset(null::deadlines, p -> 'deadlines')
        on conflict (case_id, cycle, kind) do update set
        limit_min = excluded.limit_min, time_kind = excluded.time_kind, started_at = excluded.started_at, due_at =
        excluded.due_at, provisional = excluded.provisional, paused_at = excluded.paused_at, stopped_at =
        excluded.stopped_at, escalations = excluded.escalations, pauses = excluded.pauses, granted_min =
        excluded.granted_min, escalate_at = excluded.escalate_at;
    end if;
    if p ? 'case_events' then
        insert into case_events (case_id, n, cycle, command_id, action, from_state, to_state, actor, organisation, device, made_at, acted_at,
        received_at, body, prev_hash, hash)
        select case_id, n, cycle, command_id, action, from_state, to_state, actor, organisation, device, made_at, acted_at,
        received_at, body, prev_hash, hash
        from jsonb_populate_recordset(null::case_events, p -> 'case_events') order by case_id, n;
    end if;
    if p ? 'event_private' then
        insert into event_private (case_id, n, salt, body)
        select case_id, n, salt, body from jsonb_populate_recordset(null::event_private, p -> 'event_private');
    end if;
    if p ? 'attachments' then
        insert into attachments (id, case_id, sha256, bytes, mime, stage, person_id, command_id, made_at, declared_at, arrived_at)
        select a.id, a.case_id, a.sha256, a.bytes, a.mime, a.stage, a.person_id, a.command_id, a.made_at, a.declared_at, b.stored_at
        from jsonb_populate_recordset(null::attachments, p -> 'attachments') a left join blobs b on b.sha256 = a.sha256
        on conflict (id) do nothing;
    end if;
    if p ? 'commands' then
        insert into commands (command_id, origin, device_id, seq, person_id, kind, case_id, body_hash, made_at, received_at,
            outcome, code, params, version, payload)
        select command_id, origin, device_id, seq, person_id, kind, case_id, body_hash, made_at, received_at,
            outcome, code, params, version, payload
        from jsonb_populate_recordset(null::commands, p -> 'commands');
    end if;
    if p ? 'holds' then
        insert into holds (command_id, case_id, district_id, reason, seen_version, now_version, created_at)
        select command_id, case_id, district_id, reason, seen_version, now_version, created_at
        from jsonb_populate_recordset(null::holds, p -> 'holds');
    end if;
end $$;
grant execute on function load_batch, offices_at, write_batch to xunge_app;
