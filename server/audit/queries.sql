-- name: add!
insert into security_log (at, what, person_id, address, detail)
values (coalesce(:at::timestamptz, clock_timestamp()), :what, :person_id, :address, :detail::jsonb);

-- name: count_from_address$
select count(*) from security_log
where at > :since::timestamptz and what = any (:kinds::text[]) and address = :address;

-- name: page
-- Rows of people of the district, and rows where nobody is known (a wrong name, a forged token).
select l.id, l.at, l.what, p.login, l.address, l.detail
from security_log l left join people p on p.id = l.person_id
where (:before::bigint is null or l.id < :before)
  and (:what::text is null or l.what = :what)
  and (:login::text is null or p.login = :login)
  and (:since::timestamptz is null or l.at >= :since) and (:until::timestamptz is null or l.at < :until)
  and (l.person_id is null or exists (
      select from memberships m join organisations o on o.id = m.organisation_id
      where m.person_id = l.person_id and o.district_id = :district))
order by l.id desc limit :limit;
