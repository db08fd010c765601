-- name: viewer$
-- Who a person is today, as JSON; null for somebody who never had an office. The plan is kept by the function.
select viewer_of(:person, :now, :district_wish, :number_wish, :grid_wish);

-- name: credentials_of^
select p.id as person_id, c.password_hash, c.failures, c.locked_until
from people p join credentials c on c.person_id = p.id
where p.login = :login and p.active;

-- name: failures_of_unknown^
-- Unknown names are locked out like known ones, or the lock-out would tell which names exist.
select count(*) as failures, max(at) as last_at from security_log
where at > :since::timestamptz and what = 'sign_in_refused' and person_id is null and detail->>'name' = :name;

-- name: add_failure^
-- locked_until is the last failure plus its penalty, so that it also tells when failures are old enough to forget.
update credentials set failures = case when locked_until < :forget::timestamptz then 1 else failures + 1 end
where person_id = :person_id returning failures;

-- name: lock_until!
update credentials set locked_until = :locked_until where person_id = :person_id;

-- name: clear_failures!
update credentials set failures = 0, locked_until = null where person_id = :person_id;

-- name: replace_hash!
update credentials set password_hash = :password_hash where person_id = :person_id;

-- name: open_session!
insert into web_sessions (token_hash, person_id, csrf, created_at, seen_at, expires_at)
values (:token_hash, :person_id, :csrf, :now, :now, :expires_at);

-- name: session^
select person_id, csrf, seen_at, expires_at from web_sessions where token_hash = :token_hash;

-- name: touch_session!
update web_sessions set seen_at = :now where token_hash = :token_hash;

-- name: end_session^
delete from web_sessions where token_hash = :token_hash returning person_id;

-- name: end_sessions_of!
delete from web_sessions where person_id = :person_id;

-- name: drop_stale_sessions!
delete from web_sessions where person_id = :person_id and (expires_at <= :now or seen_at <= :idle_since);

-- name: bearer$
-- Whose a token is and who that is, as JSON; null for a token that nobody has. The plan is kept by the function.
select bearer_of(:token_hash, :now, :district_wish, :number_wish, :grid_wish);

-- name: tablet$
-- Which tablet a token belongs to and who its person is or was, as JSON. The plan is kept by the function.
select tablet_of(:token_hash, :now);

-- name: tablet_named$
-- The same for a tablet by its id: what it saved as a file carries no token.
select tablet_of(token_hash, :now) from devices where id = :device_id;

-- name: device_seen!
update devices set seen_at = :now where id = :id;
