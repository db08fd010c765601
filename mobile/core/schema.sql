-- What the tablet keeps. Times are RFC 3339 text of the device's own clock; every body is sealed (seal.py).
-- The outbox is for ever: a command and each word about it are only ever added, the triggers refuse the rest.
-- Changed triggers and indexes reach old tablets by themselves; a changed table needs a step (steps.py).

create table if not exists kept (
    name text not null primary key,
    body blob not null
) without rowid;

create table if not exists outbox (
    seq        integer not null primary key,
    command_id text not null unique,
    case_id    text not null,
    kind       text not null,
    depends_on text,
    made_at    text not null,
    send_after text not null,
    body       blob not null
);

create table if not exists outbox_words (
    n      integer not null primary key,
    seq    integer not null references outbox (seq),
    state  text not null check (state in ('queued', 'sending', 'applied', 'applied_with_conflict', 'held', 'rejected',
                                          'quarantined', 'withdrawn', 'put_away')),
    at     text not null,
    answer blob
);

-- Where each command stands now: made by the trigger from the words, so that it cannot disagree with them.
create table if not exists outbox_now (
    seq      integer not null primary key references outbox (seq),
    state    text not null,
    at       text not null,
    answer   blob,
    sent     integer not null default 0,
    put_away integer not null default 0,
    mirrored integer not null default 0
);
create index if not exists outbox_now_state on outbox_now (state, seq);
create index if not exists outbox_now_open on outbox_now (seq) where mirrored = 0 or put_away = 0;

create trigger if not exists outbox_is_queued after insert on outbox begin
    insert into outbox_words (seq, state, at) values (new.seq, 'queued', new.made_at);
end;
create trigger if not exists outbox_stands after insert on outbox_words begin
    insert into outbox_now (seq, state, at, answer) values (new.seq, new.state, new.at, new.answer)
    on conflict (seq) do update set
        state = case when new.state = 'put_away' then outbox_now.state else new.state end,
        at = case when new.state = 'put_away' then outbox_now.at else new.at end,
        answer = case when new.state = 'put_away' then outbox_now.answer else new.answer end,
        sent = outbox_now.sent or new.state = 'sending',
        put_away = case when outbox_now.state = 'held' and new.state <> 'put_away' then 0
            when outbox_now.state in ('applied', 'applied_with_conflict') and new.state in ('held', 'rejected') then 0
            else outbox_now.put_away or new.state in ('put_away', 'withdrawn', 'applied') end,
        mirrored = outbox_now.mirrored or new.state in ('withdrawn', 'rejected');
end;
create trigger if not exists outbox_never_changes before update on outbox begin
    select raise(abort, 'a sealed command is never changed');
end;
create trigger if not exists outbox_never_forgets before delete on outbox begin
    select raise(abort, 'a sealed command is never deleted');
end;
create trigger if not exists words_never_change before update on outbox_words begin
    select raise(abort, 'a word about a command is never changed');
end;
create trigger if not exists words_never_go before delete on outbox_words begin
    select raise(abort, 'a word about a command is never deleted');
end;
-- The server's word is the last one: nothing but putting away may follow it, and on "held" what the office decided; and
-- while everything is offered again to a server that was restored, what that says now.
create trigger if not exists words_are_final before insert on outbox_words
when new.state <> 'put_away' and exists (
    select 1 from outbox_now where seq = new.seq
    and (state in ('applied', 'applied_with_conflict', 'rejected', 'withdrawn')
         or state = 'held' and new.state not in ('applied', 'applied_with_conflict', 'rejected')))
    and (new.state not in ('applied', 'applied_with_conflict', 'held', 'rejected')
         or not exists (select 1 from kept where name = 'offered'))
begin
    select raise(abort, 'the server has spoken about this command');
end;

-- The mirror: what the server sent down, by kind and id. `generation` counts fresh starts.
create table if not exists mirror (
    kind       text not null,
    id         text not null,
    version    integer not null,
    generation integer not null,
    body       blob not null,
    primary key (kind, id)
) without rowid;

-- What came down while the tablet was locked: pages shut so that only the PIN opens them, in their order.
create table if not exists arrivals (
    n    integer not null primary key,
    body blob not null
);

-- Photographs: bytes lie sealed in a file of that name. A photo is pending until the server has confirmed its SHA-256.
create table if not exists photos (
    photo_id   text not null primary key,
    command_id text,
    case_id    text,
    sha256     text not null,
    bytes      integer not null,
    mime       text not null,
    stage      text not null,
    taken_at   text not null,
    state      text not null check (state in ('draft', 'pending', 'confirmed', 'fetched')),
    upload     text
) without rowid;
create index if not exists photos_state on photos (state, taken_at);
create index if not exists photos_case on photos (case_id);
-- Pending photos that the server will never take, with its sentence: they stay here until the worker lets go of them.
create table if not exists photo_refusals (
    photo_id text not null primary key,
    sentence text not null,
    at       text not null
) without rowid;
create trigger if not exists photo_waits_for_the_server before delete on photos when old.state = 'pending' begin
    select raise(abort, 'a photo leaves only after the server has confirmed it');
end;
