-- name: person^
select p.id, p.login, exists (select from erasures e where e.person_id = p.id) as erased from people p where p.login = :login;

-- name: person_here^
-- Somebody who is or was of a district, unless already erased.
select p.id, p.login, pp.name from people p left join people_private pp on pp.person_id = p.id
where p.login = :login and not exists (select from erasures e where e.person_id = p.id) and exists (
    select from memberships m join organisations o on o.id = m.organisation_id
    where m.person_id = p.id and o.district_id = :district_id);

-- name: already_there$
-- Whether the person was there when they were erased: after a restore the number may have gone to somebody else.
select exists (select from people where id = :person_id and created_at <= :at);

-- name: add_erasure!
insert into erasures (id, at, person_id, case_id, n, by_id, reason, cuts, sha256)
values (:id, :at, :person_id, :case_id, :n, :by_id, :reason, :cuts::jsonb, :sha256) on conflict do nothing;

-- name: drop_private!
delete from people_private where person_id = :person_id;

-- name: end_letters!
update contacts set mail = '', active = false where person_id = :person_id;

-- name: drop_credentials!
delete from credentials where person_id = :person_id;

-- name: drop_sessions!
delete from web_sessions where person_id = :person_id;

-- name: end_tokens!
update api_tokens set revoked_at = coalesce(revoked_at, :now), label = '' where person_id = :person_id;

-- name: end_tablets!
update devices set state = 'revoked', model = '' where person_id = :person_id;

-- name: drop_codes!
delete from enrol_codes where person_id = :person_id and used_at is null;

-- name: drop_contact!
update contacts set mail = '', active = false where person_id = :person_id;

-- name: end_memberships!
update memberships set valid_to = :now where person_id = :person_id and (valid_to is null or valid_to > :now);

-- name: close_person!
-- A login is often a name.
update people set active = false, login = 'erased-' || id where id = :person_id;

-- name: event^
-- The event of a case by the case's number, and whether it carries private words.
select e.case_id, e.n, e.command_id, e.action in ('report', 'self_handle', 'record', 'part') as told_the_case,
    e.body::jsonb ->> 'private' is not null as has_words
from case_keys k join case_events e on e.case_id = k.case_id and e.n = :n where k.number = :number;

-- name: event_by_id^
select e.case_id, e.n, e.command_id, e.action in ('report', 'self_handle', 'record', 'part') as told_the_case
from case_events e where (e.case_id, e.n) = (:case_id, :n);

-- name: drop_words!
delete from event_private where (case_id, n) = (:case_id, :n);

-- name: drop_payload!
-- The command of an event, and the held act that it let take effect.
update commands set payload = null
where command_id = :command_id or command_id in (select h.command_id from holds h where h.decided_as = :command_id);

-- name: drop_decision!
-- What an office said when it decided, where the event of that decision is erased; of acts that were refused with it too.
update holds set said = '' where decided_as = :command_id or command_id = :command_id
    or (decision, decided_at, decided_by) in (select 'with', h.decided_at, h.decided_by from holds h where h.decided_as = :command_id);

-- name: drop_refused!
-- The same words as they came once more and were refused.
update commands set payload = null where case_id = :case_id and outcome = 'rejected';

-- name: drop_forged!
update forged_commands set payload = '' where command_id = :command_id;

-- name: drop_said_commands!
-- All commands of somebody as they came: what became an event, what waits for a decision, what was refused.
update commands set payload = null where person_id = :person_id;

-- name: drop_said_twins!
update forged_commands set payload = '' where person_id = :person_id;

-- name: drop_said_decisions!
-- What they said as an office when they decided about acts of which no case tells.
update holds set said = '' where decided_by = :person_id;

-- name: blank_case!
-- What the report said stands in the row of the case as well.
update cases set title = '', description = '', form = '{}' where id = :case_id;

-- name: blank_changed!
-- What another event, as a change, said of the case stands in its row as well, unless a later one said it anew.
update cases c set
    title = case when c.title = p.body::jsonb ->> 'title' then '' else c.title end,
    description = case when c.description = p.body::jsonb ->> 'description' then '' else c.description end,
    form = c.form - array(
        select f.key from jsonb_each_text(coalesce(p.body::jsonb -> 'form', '{}')) f where c.form ->> f.key = f.value)
from event_private p where (p.case_id, p.n) = (:case_id, :n) and c.id = p.case_id;

-- name: words_of
-- All that somebody wrote on cases.
select e.case_id, e.n, e.command_id, e.action in ('report', 'self_handle', 'record', 'part') as told_the_case
from case_events e join event_private p on (p.case_id, p.n) = (e.case_id, e.n)
where e.actor = :person_id order by e.case_id, e.n;

-- name: all_erasures
select id, at, person_id, case_id, n, by_id, reason, cuts, sha256 from erasures order by at, id;
