-- Mirrors of tablets: records are written as JSON by the database, and what had to be repaired is counted.

-- A moment as it goes over the wire: UTC with microseconds and Z, whatever the session's settings.
create function wire_time(p_at timestamptz) returns text language sql immutable parallel safe as $$
    select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
grant execute on function wire_time to xunge_app;

alter table devices add column repairs integer not null default 0, add column repaired_at timestamptz;
comment on column devices.repairs is 'How many parts of its mirror differed from what they should have been and were fetched again.';
