-- name: of_person^
select id, mail, every_min, quiet_from, quiet_to, active from contacts where person_id = :person;

-- name: put_person!
insert into contacts (district_id, person_id, mail, every_min, quiet_from, quiet_to)
values (:district, :person, :mail, :every_min, :quiet_from, :quiet_to)
on conflict on constraint contacts_person_key do update set district_id = excluded.district_id, mail = excluded.mail,
    every_min = excluded.every_min, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, active = true;

-- name: end_person!
-- The address goes, and what waited for the next letter with it; letters that went are kept as facts without it.
with ended as (
    update contacts set mail = '', active = false where person_id = :person returning id
)
delete from letter_lines l using ended where l.contact_id = ended.id and l.outbox_id is null;

-- name: organisation^
select o.id, o.district_id from organisations o join districts d on d.id = o.district_id
where o.code = :code and (:district::text is null or d.code = :district) order by o.id limit 1;

-- name: put_organisation!
insert into contacts (district_id, organisation_id, mail, every_min)
values (:district, :organisation, :mail, :every_min)
on conflict on constraint contacts_organisation_key do update set mail = excluded.mail, every_min = excluded.every_min, active = true;

-- name: end_organisation!
with ended as (
    update contacts set mail = '', active = false where organisation_id = :organisation returning id
)
delete from letter_lines l using ended where l.contact_id = ended.id and l.outbox_id is null;
