-- name: stamp^
select d.timezone, c.stamp from districts d left join calendars c on c.district_id = d.id where d.id = :district_id;

-- name: calendar_row^
select d.timezone, c.stamp, c.recomputed, c.changed_at, c.through_holidays
from districts d left join calendars c on c.district_id = d.id where d.id = :district_id;

-- name: years
select y.year, y.declared_at, p.login as declared_by
from calendar_years y left join people p on p.id = y.declared_by
where y.district_id = :district_id order by y.year;

-- name: days
select day, working, name from calendar_days where district_id = :district_id order by day;

-- name: hours
select time_kind, weekday, opens, closes from working_hours where district_id = :district_id
order by time_kind, weekday, opens;

-- name: districts
select id, timezone from districts order by id;

-- name: add_calendar^
-- The row of a district that has none yet; its deadlines stand under it from the start.
insert into calendars (district_id, stamp, recomputed, changed_at)
select :district_id, s, s, :now from gen_random_uuid() s
on conflict do nothing returning stamp;

-- name: add_years
-- The years that were not there.
insert into calendar_years (district_id, year, declared_at)
select :district_id, y, :now from unnest(:years::smallint[]) y
on conflict do nothing returning year;

-- name: add_days!
insert into calendar_days (district_id, day, working, name)
select :district_id, d, w, n from unnest(:days::date[], :working::boolean[], :names::text[]) as t (d, w, n)
on conflict do nothing;

-- name: touch!
update calendars set stamp = gen_random_uuid(), changed_at = :now where district_id = :district_id;

-- name: lock^
select stamp from calendars where district_id = :district_id for update;

-- name: put_year^
insert into calendar_years (district_id, year, declared_at, declared_by)
values (:district_id, :year, :now, :person_id) on conflict do nothing returning year;

-- name: drop_year^
delete from calendar_years where district_id = :district_id and year = :year returning year;

-- name: put_days!
insert into calendar_days (district_id, day, working, name)
select :district_id, d, :working, :name from unnest(:days::date[]) d
on conflict on constraint calendar_days_pkey do update set working = excluded.working, name = excluded.name;

-- name: drop_days
delete from calendar_days where district_id = :district_id and day between :first and :last returning day, name;

-- name: drop_hours!
delete from working_hours where district_id = :district_id and time_kind = :time_kind;

-- name: put_hours!
insert into working_hours (district_id, time_kind, weekday, opens, closes)
select :district_id, :time_kind, w, o, c
from unnest(:weekdays::smallint[], :opens::smallint[], :closes::smallint[]) as t (w, o, c);

-- name: run_through_holidays!
-- Whether that kind of time runs on holidays as in any week.
update calendars set through_holidays = array_remove(through_holidays, :time_kind)
    || case when :through then array[:time_kind] else '{}'::text[] end
where district_id = :district_id;

-- name: settled
-- Calendars that nobody has touched since :quiet, with what their open deadlines stand under.
select c.district_id, d.timezone, c.stamp, c.recomputed, c.recomputed_pack
from calendars c join districts d on d.id = c.district_id where c.changed_at <= :quiet order by c.district_id;

-- name: recomputed!
-- Nothing when the calendar was changed meanwhile.
update calendars set recomputed = :stamp, recomputed_pack = :pack where district_id = :district_id and stamp = :stamp;
