-- `write_batch` as in 0015, without the branch for held commands: they go by a statement of their own (`keep_holds`), which finds
-- who decides and until when; nothing has sent them here since 0030.

create or replace function write_batch(p jsonb) returns void language plpgsql as $$
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
end $$;
