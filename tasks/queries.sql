-- name: begin_task_run!
insert into task_runs (name, started) values (:name, :started)
on conflict (name) do update set started = excluded.started, ended = null, result = null, error = null;

-- name: end_task_run!
update task_runs set ended = :ended, result = :result, error = :error where name = :name;

-- name: task_position$
-- Where a task that works slice by slice goes on.
select position from task_runs where name = :name;

-- name: keep_task_position!
insert into task_runs (name, started, position) values (:name, :now, :position)
on conflict (name) do update set position = excluded.position;

-- name: last_task_runs
select name, started, ended, result, error from task_runs;

-- name: alarm_since$
-- Whether the same broken link was written down lately. security_log_at_idx.
select exists (select from security_log where at > :since and what = 'chain_broken' and detail = :detail::jsonb);
