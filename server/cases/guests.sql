-- name: add_resident!
insert into public_links (token_hash, case_id, code_hash, made_at, made_by, expires_at)
values (:token_hash, :case_id, :code_hash, :now, :made_by, :expires_at);

-- name: end_resident!
update public_links set ended_at = :now where case_id = :case_id and ended_at is null;

-- name: case_numbered^
select case_id from case_keys where number = :number;

-- name: code_opens$
-- Whether a code is one of the case's own. Index by case.
select exists (
    select from public_links l
    where l.case_id = :case_id and l.code_hash = :code_hash and l.ended_at is null and l.expires_at > :now);

-- name: opened_by_resident^
-- The case that a link opens: its primary key, then the case's.
select c.* from public_links l join cases c on c.id = l.case_id
where l.token_hash = :token_hash and l.ended_at is null and l.expires_at > :now;

-- name: forwarded^
-- The outside party that has a case now, and until when it should be handled.
select c.cycle, o.id as party_id, o.name as party, d.due_at
from cases c
join organisations o on o.id = c.handler_id and o.kind = 'outside'
left join deadlines d on (d.case_id, d.cycle, d.kind) = (c.id, c.cycle, 'handle')
where c.id = :case_id and c.state = 'forwarded';

-- name: end_outside!
update outside_links set ended_at = :now where case_id = :case_id and ended_at is null;

-- name: add_outside!
insert into outside_links (token_hash, case_id, cycle, organisation_id, made_at, expires_at)
values (:token_hash, :case_id, :cycle, :organisation_id, :now, :expires_at);

-- name: opened_by_party^
-- The case that a party's link opens while it is theirs; once it was answered only that is said.
select c.*, l.organisation_id as party_id, l.expires_at as link_expires_at
from outside_links l
join cases c on (c.id, c.cycle, c.handler_id) = (l.case_id, l.cycle, l.organisation_id)
where l.token_hash = :token_hash and l.ended_at is null and l.expires_at > :now
  and c.state in ('forwarded', 'handled', 'inspected');

-- name: contact_of_party^
select c.id, d.timezone from contacts c join districts d on d.id = c.district_id
where c.organisation_id = :organisation_id and c.active;

-- name: put_letter!
insert into outbox (key, channel, district_id, contact_id, case_id, number, body, made_at, due_at)
values (:key, 'mail', :district_id, :contact_id, :case_id, :number, :body, :now, :now)
on conflict on constraint outbox_key_key do nothing;
