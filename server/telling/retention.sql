-- name: forget_exchanges!
delete from exchanges where id in (select id from exchanges where at < :before order by id limit :limit);

-- name: forget_sent!
-- What left the house, or was given up; what still waits is kept whatever its age.
delete from outbox where id in (
    select id from outbox where made_at < :before and (sent_at is not null or given_up_at is not null) order by made_at limit :limit);

-- name: forget_messages!
delete from messages where id in (select id from messages where made_at < :before order by made_at limit :limit);
