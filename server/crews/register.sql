-- name: crew^
-- A crew of the district with its day there.
select o.id, o.code, o.name, o.trades, n.code as serves, (:now::timestamptz at time zone d.timezone)::date as today
from organisations o
join districts d on d.id = o.district_id
join grid_nodes n on n.id = o.grid_id
where o.district_id = :district_id and o.code = :code and o.kind = 'crew' and o.active;

-- name: permits
select m.id, m.category, m.valid_from as first_day, m.valid_to as last_day, m.note, p.login as entered_by
from permits m left join people p on p.id = m.granted_by
where m.organisation_id = :crew order by coalesce(m.valid_to < :today::date, false), m.category, m.valid_from desc limit 200;

-- name: qualifications
select q.id, q.kind, q.document, q.valid_to as last_day, p.login as entered_by
from qualifications q left join people p on p.id = q.entered_by
where q.organisation_id = :crew order by coalesce(q.valid_to < :today::date, false), q.kind, q.document limit 200;

-- name: suspensions
select s.id, s.basis, s.reason, s.first_day, s.last_day, s.lifted_at, p.login as entered_by, l.login as lifted_by
from crew_suspensions s left join people p on p.id = s.made_by left join people l on l.id = s.lifted_by
where s.organisation_id = :crew order by s.id desc limit 50;

-- name: grant_permit^
insert into permits (organisation_id, category, valid_from, valid_to, note, granted_by, granted_at)
values (:crew, :category, :first_day, :last_day, :note, :person_id, :now)
on conflict on constraint permits_once_key do nothing returning id;

-- name: end_permit^
-- A permit that is not over ends with a day; one that would only begin after it never begins: its first day is its last.
update permits set valid_to = greatest(:last_day::date, valid_from)
where id = :id and organisation_id = :crew and (valid_to is null or valid_to >= :today::date) returning category;

-- name: enter_qualification^
insert into qualifications (organisation_id, kind, document, valid_to, entered_by, entered_at)
values (:crew, :kind, :document, :last_day, :person_id, :now)
on conflict on constraint qualifications_once_key do nothing returning id;

-- name: end_qualification^
update qualifications set valid_to = :last_day
where id = :id and organisation_id = :crew and (valid_to is null or valid_to >= :today::date) returning kind, document;

-- name: suspend!
insert into crew_suspensions (organisation_id, basis, reason, first_day, last_day, made_by, made_at)
values (:crew, :basis, :reason, :today, :last_day, :person_id, :now);

-- name: lift^
update crew_suspensions set lifted_by = :person_id, lifted_at = :now
where id = :id and organisation_id = :crew and lifted_at is null and coalesce(last_day >= :today::date, true) returning reason;
