-- name: page_by_deadline
-- Open cases in scope by the clock that ends first: the first rows of an index range (scope column, next_due_at, id).
select c.* from (
    (select c.* from asked_office(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
     where c.closed_at is null and c.next_due_at is not null
       and (:after_at::timestamptz is null or (c.next_due_at, c.id) > (:after_at::timestamptz, :after_id::uuid))
     order by c.next_due_at, c.id limit :limit)
    union all
    (select c.* from asked_handled(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
     where c.closed_at is null and c.next_due_at is not null
       and (:after_at::timestamptz is null or (c.next_due_at, c.id) > (:after_at::timestamptz, :after_id::uuid))
     order by c.next_due_at, c.id limit :limit)
    union all
    (select c.* from asked_others(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
     where c.closed_at is null and c.next_due_at is not null
       and (:after_at::timestamptz is null or (c.next_due_at, c.id) > (:after_at::timestamptz, :after_id::uuid))
     order by c.next_due_at, c.id limit :limit)
) c order by c.next_due_at, c.id limit :limit;

-- name: page_by_reported
-- Cases in scope, newest first: the first rows of an index range (scope column, reported_at desc, id desc). Open ones
-- without a clock come by `clockless`.
select c.* from (
    (select c.* from asked_office(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
     where (:after_at::timestamptz is null or (c.reported_at, c.id) < (:after_at::timestamptz, :after_id::uuid))
       and (:clockless::boolean is null or (c.closed_at is null and c.next_due_at is null))
     order by c.reported_at desc, c.id desc limit :limit)
    union all
    (select c.* from asked_handled(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
     where (:after_at::timestamptz is null or (c.reported_at, c.id) < (:after_at::timestamptz, :after_id::uuid))
       and (:clockless::boolean is null or (c.closed_at is null and c.next_due_at is null))
     order by c.reported_at desc, c.id desc limit :limit)
    union all
    (select c.* from asked_others(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c
     where (:after_at::timestamptz is null or (c.reported_at, c.id) < (:after_at::timestamptz, :after_id::uuid))
       and (:clockless::boolean is null or (c.closed_at is null and c.next_due_at is null))
     order by c.reported_at desc, c.id desc limit :limit)
) c order by c.reported_at desc, c.id desc limit :limit;

-- name: page_counted
-- The cycles that a figure counted, one row a cycle, newest first. What is counted, and whose, is decided by counted_for alone.
select c.*, k.n as counted_cycle, k.opened_at as counted_at
from counted_for(:home, :basis, :since::timestamptz, :until::timestamptz, :as_of::timestamptz, :counted,
    :level, :node, :outside::integer, :system, :code, :handler, :undispatched, :responsible, :unexcused,
    :district, :street, :community, :grids, :organisation, :person) k
join cases c on c.id = k.case_id
where (:after_at::timestamptz is null or (k.opened_at, k.case_id, k.n) < (:after_at::timestamptz, :after_id::uuid, :after_n::integer))
order by k.opened_at desc, k.case_id desc, k.n desc limit :limit;

-- name: one_by_number^
-- One case in scope; the plan is kept by the function, which asks visible_cases.
select * from case_seen(:number, :district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint);

-- name: relatives
-- What a case was split from or into, and merged into or from, as far as it is in scope.
select c.* from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.parent_id = :id or c.survivor_id = :id or c.id = :parent_id or c.id = :survivor_id
order by c.number;

-- name: many_by_id
-- Cases by id, in scope (for tablets and answers).
select c.* from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.id = any (:ids::uuid[]);

-- name: words_guessed$
-- How many cases the planner thinks that a query of words finds: asked before the index is, for a word that a third of
-- all cases have is found faster by walking them in their order.
explain (format json) select from case_words where words @@ :query::tsquery;

-- name: found_by_words
-- The cases that a query of words finds; which of them may be seen is asked afterwards. GIN index of case_words.
select case_id from case_words where words @@ :query::tsquery limit :limit;

-- name: node_of_code^
select n.id, n.level from grid_nodes n where n.code = :code and n.district_id = :district_id;

-- name: outcome_of^
-- How a command of one person was answered.
select outcome from commands where command_id = :command_id and person_id = :person_id;

-- name: case_of_outside^
-- The case that an outside number already has. Unique index of case_keys.
select k.case_id as id, k.number, c.version from case_keys k join cases c on c.id = k.case_id
where k.source = :source and k.external_id = :external_id;

-- name: crew_of_code$
select id from organisations where district_id = :district_id and code = :code;

-- name: outside_parties
-- To whom a case of the district may be forwarded.
select code, name from organisations where district_id = :district_id and kind = 'outside' and active order by name;

-- name: held_cases
select distinct case_id from holds where district_id = :district_id and decided_at is null and case_id is not null;

-- name: cases_without_photo
-- Declared photos that did not come or were refused; whoever asks sees of their cases what is in scope.
select distinct a.case_id from attachments a left join refused_pictures r on r.sha256 = a.sha256
where a.arrived_at is null and a.declared_at > :since and (a.declared_at < :late or r.sha256 is not null) and r.code is distinct from 'erased';

-- name: photos_board^
select count(distinct c.id) as photos, min(a.declared_at) as photos_since
from attachments a left join refused_pictures r on r.sha256 = a.sha256
join visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c on c.id = a.case_id
where a.arrived_at is null and a.declared_at > :since and (a.declared_at < :late or r.sha256 is not null) and r.code is distinct from 'erased';

-- name: grid_names
-- Names of nodes in the boundaries of today.
select g.node_id, g.code, g.name, g.level from grids g where g.current and g.node_id = any (:nodes::bigint[]);

-- name: organisation_names
select id, kind, code, name from organisations where id = any (:ids::bigint[]);

-- name: timezones
select id, timezone, code, name from districts;

-- name: beside$
-- What cases are shown with, as JSON; the plan is kept by the function.
select beside_cases(:ids::uuid[], :nodes::bigint[], :organisations::bigint[], :packs::bigint[]);

-- name: photo_in_scope^
select a.sha256, b.mime, a.stage, c.number, c.id as case_id from attachments a
join blobs b on b.sha256 = a.sha256
join visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c on c.id = a.case_id
where a.id = :id and a.arrived_at is not null and (:number::text is null or c.number = :number);

-- name: timeline
-- The events of a case with the names of who acted (personal fields stand apart and may have been erased). Where all parts
-- of a split case are done, their answers stand together: they are read from the parts, so that what is erased there is gone.
select e.case_id, e.n, e.cycle, e.command_id, e.action, e.from_state, e.to_state, e.made_at, e.acted_at, e.received_at, e.body,
    e.prev_hash, e.hash, e.device, e.actor, p.name as actor_name, o.name as organisation_name,
    coalesce(t.body, case when e.action = 'parts_done' then (
        select json_object_agg(k.number, concat_ws('：', h.name, h.body::json ->> 'done') order by k.number)::text
        from cases k
        cross join lateral (
            select w.body, by.name from case_events s
            join event_private w on (w.case_id, w.n) = (s.case_id, s.n)
            left join organisations by on by.id = s.organisation
            where s.case_id = k.id and s.action in ('handle', 'enforced', 'answer_outside') order by s.n desc limit 1
        ) h
        where k.parent_id = e.case_id and k.received_at >= (
            select max(s.received_at)::timestamptz from case_events s where s.case_id = e.case_id and s.n < e.n and s.action = 'split')
    ) end) as private,
    c.pack_version, c.category_system, c.category_code, d.timezone
from case_events e
join cases c on c.id = e.case_id
join districts d on d.id = c.district_id
left join people_private p on p.person_id = e.actor
left join organisations o on o.id = e.organisation
left join event_private t on (t.case_id, t.n) = (e.case_id, e.n)
where e.case_id = any (:ids::uuid[]) order by e.case_id, e.n;

-- name: nearby
-- Same category within some metres and hours, in scope: suggested as the same matter, never merged by itself. What was
-- merged, declined or cancelled is no longer a matter of its own.
select c.number, c.state, c.title, c.reported_at, c.closed_at, c.close_kind, c.source,
    st_distance(c.place::geography, st_setsrid(st_makepoint(:lon, :lat), 4326)::geography) as metres
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.place && st_expand(st_setsrid(st_makepoint(:lon, :lat), 4326), :metres / 111320.0 / cos(radians(:lat)), :metres / 111320.0)
  and c.id <> :id and (c.category_system, c.category_code) = (:category_system, :category_code)
  and c.state not in ('merged', 'declined', 'cancelled')
  and c.reported_at between :reported_at::timestamptz - make_interval(hours => :hours) and :reported_at::timestamptz + make_interval(hours => :hours)
  and st_dwithin(c.place::geography, st_setsrid(st_makepoint(:lon, :lat), 4326)::geography, :metres)
order by metres limit 10;

-- name: alike_in_grid
-- The same without a point: of the same category and hours, anywhere in one grid.
select c.number, c.state, c.title, c.reported_at, c.closed_at, c.close_kind, c.source, null::float8 as metres
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.grid_id = (select n.id from grid_nodes n where n.code = :area and n.district_id = :home and n.level >= 3)
  and (c.category_system, c.category_code) = (:category_system, :category_code)
  and c.state not in ('merged', 'declined', 'cancelled')
  and c.reported_at >= :reported_at::timestamptz - make_interval(hours => :hours)
order by c.reported_at desc limit 10;

-- name: boards
-- What must not be forgotten, by state: how many and since when. Open cases in scope only.
select c.state, count(*) as count, min(c.changed_at) as since, min(c.received_at) as received_since,
    count(*) filter (where c.next_due_at between :now and :soon) as soon, min(c.next_due_at) filter (where c.next_due_at between :now and :soon) as soon_since,
    count(*) filter (where c.due_at < :now) as overdue, min(c.due_at) filter (where c.due_at < :now) as overdue_since,
    count(*) filter (where c.flags && :asks::text[]) as returned, min(c.changed_at) filter (where c.flags && :asks::text[]) as returned_since,
    count(*) filter (where c.flags && :called::text[]) as called, min(c.changed_at) filter (where c.flags && :called::text[]) as called_since,
    count(*) filter (where c.flags && '{supervised}') as supervised, min(c.changed_at) filter (where c.flags && '{supervised}') as supervised_since,
    count(*) filter (where c.street_id is null) as outside, min(c.received_at) filter (where c.street_id is null) as outside_since
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.closed_at is null group by c.state;

-- name: appeals_board^
-- Appeals to judge stand on closed cases. cases_appeals_idx.
select count(*) as count, min(c.changed_at) as since
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.flags @> '{appeal_open}' and c.closed_at is not null;

-- name: flagged
-- Cases in scope that a flag tells apart: open ones with one of these, and closed ones with an appeal if `appeals`.
select c.id as case_id
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where c.closed_at is null and c.flags && :flags::text[]
union all
select c.id
from visible_cases(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint) c
where :appeals and c.flags @> '{appeal_open}' and c.closed_at is not null;

-- name: holds_board^
-- Acts that wait for a decision: of the district, or those that the viewer's own office must decide.
select count(*) as held, min(h.created_at) as held_since from holds h
where h.district_id = :district::bigint and h.decided_at is null and (:whole or h.decides_id = :organisation);

-- name: replies_board^
-- To how many reporters a reply is owed, and since when.
select count(*) as replies, min(due_at) as replies_since
from owed_replies(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint);

-- name: cases_owed_a_reply
-- The cases of that board, which the map asks for by their ids.
select case_id
from owed_replies(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint);

-- name: page_of_replies
-- The cases of that board by the day on which the reply is owed: along the clocks, each case by its key, until the page is full.
select c.*, d.due_at as reply_due_at
from deadlines d
join lateral (
    select c.* from asked_office(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c where c.id = d.case_id
    union all
    select c.* from asked_handled(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c where c.id = d.case_id
    union all
    select c.* from asked_others(:district::bigint, :street::bigint, :community::bigint, :grids::bigint[], :organisation::bigint, :person::bigint,
        :now::timestamptz, :soon::timestamptz, :board, :held::uuid[], :states::text[], :in_street::bigint, :in_community::bigint,
        :in_grid::bigint, :outside::boolean, :category_system, :category_code, :overdue::boolean, :source, :handler::bigint,
        :start::timestamptz, :until::timestamptz, :q, :west::float8, :south::float8, :east::float8, :north::float8) c where c.id = d.case_id
) c on c.cycle = d.cycle
where d.kind = 'reply' and d.stopped_at is null and d.paused_at is null
  and (:after_at::timestamptz is null or (d.due_at, d.case_id) > (:after_at::timestamptz, :after_id::uuid))
order by d.due_at, d.case_id limit :limit;

-- name: missed_deadlines
-- Clocks that go up now, what waits longest first, with their cases locked. A case that somebody works on is passed over,
-- so nobody waits in a ring. deadlines_escalate_idx in its order.
select d.case_id, d.cycle, d.kind, d.started_at, d.escalations
from deadlines d join cases c on (c.id, c.cycle) = (d.case_id, d.cycle)
where d.stopped_at is null and d.paused_at is null and d.escalate_at < :now::timestamptz and c.closed_at is null
order by d.escalate_at limit :limit for update of c skip locked;

-- name: run_out
-- Clocks of one kind that have run out, of cases that stand where time itself goes on with them; cases locked as above.
select d.case_id, d.cycle, d.started_at from deadlines d join cases c on (c.id, c.cycle) = (d.case_id, d.cycle)
where d.kind = :kind and d.stopped_at is null and d.paused_at is null and d.due_at < :now and c.state = :state
  and not (c.flags && :flags::text[])
order by d.due_at limit :limit for update of c skip locked;
