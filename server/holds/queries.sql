-- name: page
-- Acts that wait and whom nothing that waits stands before, oldest first: of the district, or of a street what it must
-- decide. holds_open_idx; few rows, however large the district.
select h.command_id, h.case_id, h.reason, h.created_at, h.due_at, h.escalations, h.seen_version, h.now_version, h.decides_id,
    m.kind, m.made_at, k.number, c.title, c.state, o.name as decides, coalesce(pp.name, p.login) as author_name,
    (select count(*) from holds b where b.depends_on = h.command_id and b.decided_at is null) as dependants
from holds h
join commands m on m.command_id = h.command_id
left join case_keys k on k.case_id = h.case_id
left join cases c on c.id = h.case_id
left join organisations o on o.id = h.decides_id
left join people p on p.id = m.person_id
left join people_private pp on pp.person_id = m.person_id
where h.district_id = :district_id and h.decided_at is null and (:whole or h.decides_id = :organisation)
  and not exists (select from holds b where b.command_id = h.depends_on and b.decided_at is null)
  and (:after_at::timestamptz is null or (h.created_at, h.command_id) > (:after_at::timestamptz, :after_id::uuid))
order by h.created_at, h.command_id limit :limit;

-- name: of_case
-- What waits about one case. holds_case_idx.
select h.command_id, h.reason, h.created_at, h.decides_id, m.kind from holds h join commands m on m.command_id = h.command_id
where h.case_id = :case_id and h.decided_at is null and (:whole or h.decides_id = :organisation) and h.district_id = :district_id
order by h.created_at, h.command_id;

-- name: one^
-- One held act with what came, who made it, on which tablet, and who must decide.
select h.*, m.kind, m.payload, m.body_hash, m.made_at, m.received_at, m.seq, m.person_id, k.number, o.name as decides,
    coalesce(pp.name, p.login) as author_name, p.active as author_active, d.model, d.state as device_state,
    coalesce(tp.name, t.login) as tablet_of, b.name as decided_office_name, ba.name as decided_name,
    exists (select from holds x where x.command_id = h.depends_on and x.decided_at is null) as behind
from holds h
join commands m on m.command_id = h.command_id
left join case_keys k on k.case_id = h.case_id
left join organisations o on o.id = h.decides_id
left join people p on p.id = m.person_id
left join people_private pp on pp.person_id = m.person_id
left join devices d on d.id = h.device_id
left join people t on t.id = d.person_id
left join people_private tp on tp.person_id = d.person_id
left join organisations b on b.id = h.decided_office
left join people_private ba on ba.person_id = h.decided_by
where h.command_id = :command_id and h.district_id = :district_id and (:whole or h.decides_id = :organisation);

-- name: lock^
select decided_at from holds where command_id = :command_id for update;

-- name: dependants
-- All undecided acts that build on one, those that build on these too, in the order in which they were made.
with recursive below as (
    select h.command_id from holds h where h.depends_on = :command_id and h.decided_at is null
    union
    select h.command_id from holds h join below b on h.depends_on = b.command_id where h.decided_at is null
)
select h.command_id, h.case_id, k.number, h.reason, h.offset_ms, h.device_id, m.kind, m.payload, m.body_hash, m.made_at, m.received_at,
    m.seq, m.person_id
from below b join holds h on h.command_id = b.command_id join commands m on m.command_id = b.command_id
left join case_keys k on k.case_id = h.case_id
order by m.seq, m.made_at for update of h;

-- name: dependants_shown
-- The same, to be looked at.
with recursive below as (
    select h.command_id from holds h where h.depends_on = :command_id and h.decided_at is null
    union
    select h.command_id from holds h join below b on h.depends_on = b.command_id where h.decided_at is null
)
select h.command_id, h.reason, m.kind, m.made_at, m.seq
from below b join holds h on h.command_id = b.command_id join commands m on m.command_id = b.command_id
order by m.seq, m.made_at;

-- name: waits_for
-- Who has the duty to decide, of these offices, now.
select m.organisation_id, string_agg(distinct coalesce(pp.name, p.login), '、' order by coalesce(pp.name, p.login)) as names
from memberships m join people p on p.id = m.person_id and p.active left join people_private pp on pp.person_id = p.id
where m.organisation_id = any (:offices::bigint[]) and m.duties @> '{duty}' and m.valid_from <= :now
  and (m.valid_to is null or m.valid_to > :now)
group by m.organisation_id;

-- name: case_version$
select version from cases where id = :case_id for update;

-- name: decide!
update holds set decided_at = :now, decided_by = :person, decided_office = :office, decision = :decision, decided_as = :decided_as,
    said = :said
where command_id = :command_id and decided_at is null;

-- name: waits_on!
-- What went with its parent could not be done by itself: it waits for its own reason from now on.
update holds set reason = :reason, depends_on = null where command_id = :command_id;

-- name: decisions
-- What was decided about acts of one tablet: these, or all of them.
select h.command_id, h.case_id, h.decision, h.decided_at, h.said, o.name as office, k.number, a.version, a.outcome
from holds h
left join commands a on a.command_id = h.decided_as
left join case_keys k on k.case_id = h.case_id
left join organisations o on o.id = h.decided_office
where h.device_id = :device_id and h.decided_at is not null
  and (:ids::uuid[] is null or h.command_id = any (:ids::uuid[]))
order by h.decided_at desc limit :limit;

-- name: late
-- Undecided past their time, what waits longest first; one that is being decided is passed over.
select h.command_id, h.case_id, h.district_id, h.decides_id, h.escalations, m.kind, m.made_at, m.received_at, k.number, o.kind as office_kind,
    (select c.id from organisations c where c.kind = 'centre' and c.grid_id = h.district_id and c.active order by c.id limit 1) as centre_id
from holds h
join commands m on m.command_id = h.command_id
left join case_keys k on k.case_id = h.case_id
left join organisations o on o.id = h.decides_id
where h.decided_at is null and h.due_at < :now order by h.due_at limit :limit for update of h skip locked;

-- name: escalate!
update holds set decides_id = :decides_id, due_at = :due_at, escalations = escalations + 1 where command_id = :command_id;

-- name: forged
-- Acts that came under a known id with another content, newest first, of the district's tablets.
select f.command_id, f.received_at, f.payload, m.kind, d.model, coalesce(pp.name, p.login) as author_name, k.number
from forged_commands f
join commands m on m.command_id = f.command_id
left join devices d on d.id = f.device_id
left join people p on p.id = f.person_id
left join people_private pp on pp.person_id = f.person_id
left join case_keys k on k.case_id = m.case_id
where f.received_at > :since::timestamptz and exists (
    select from memberships s join organisations o on o.id = s.organisation_id
    where s.person_id = f.person_id and o.district_id = :district_id)
order by f.received_at desc limit :limit;

-- name: blobs_here
select sha256 from blobs where sha256 = any (:hashes::text[]);
