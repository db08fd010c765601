-- name: add_document$
insert into documents (district_id, organisation_id, kind, safety, made_at, made_by)
values (:district_id, :organisation_id, :kind, :safety, :now, :person) returning id;

-- name: lock_own^
select id, kind, safety, published_n, withdrawn_at, (select max(v.n) from document_versions v where v.document_id = d.id) as last_n
from documents d where d.id = :id and d.organisation_id = :organisation_id for update;

-- name: add_version!
insert into document_versions (document_id, n, title, body, made_at, made_by) values (:id, :n, :title, :body, :now, :person);

-- name: add_picture!
insert into document_pictures (document_id, n, place, sha256, name) values (:id, :n, :place, :sha256, :name);

-- name: keep_pictures!
-- The pictures of the version before, when no others are given.
insert into document_pictures (document_id, n, place, sha256, name)
select document_id, :n, place, sha256, name from document_pictures where document_id = :id and n = :n - 1;

-- name: add_paper!
insert into document_papers (document_id, n, place, sha256, name) values (:id, :n, :place, :sha256, :name);

-- name: keep_papers!
insert into document_papers (document_id, n, place, sha256, name)
select document_id, :n, place, sha256, name from document_papers where document_id = :id and n = :n - 1;

-- name: below
-- Of these codes the nodes that lie in or below the roots, in the boundaries of today.
with recursive down as (
    select g.node_id, g.code from grids g where g.current and g.node_id = any (:roots::bigint[])
    union
    select g.node_id, g.code from grids g join down on g.parent_id = down.node_id where g.current
)
select node_id, code from down where code = any (:codes::text[]);

-- name: choices
-- Where an office may publish: its own node and the two levels below it.
with recursive down as (
    select g.node_id, g.code, g.name, g.level, 0 as depth from grids g where g.current and g.node_id = any (:roots::bigint[])
    union
    select g.node_id, g.code, g.name, g.level, down.depth + 1 from grids g join down on g.parent_id = down.node_id
    where g.current and down.depth < 2
)
select code, name, level, depth from down order by code, depth;

-- name: drop_nodes
delete from document_nodes where document_id = :id returning node_id;

-- name: add_node!
insert into document_nodes (document_id, node_id) values (:id, :node_id);

-- name: publish!
update documents set published_n = :n, published_at = :now, published_by = :person, withdrawn_at = null, withdrawn_by = null where id = :id;

-- name: withdraw!
update documents set withdrawn_at = :now, withdrawn_by = :person where id = :id and withdrawn_at is null;

-- name: tell
select log_change(:district_id, 'document', :id::bigint::text, :n::integer, null, :nodes::bigint[]);

-- name: for_reader
-- What was published to a node in which the reader's roots lie (or which they are), newest first; :ids narrows it.
with recursive up as (
    select g.node_id, g.parent_id from grids g where g.current and g.node_id = any (:roots::bigint[])
    union
    select g.node_id, g.parent_id from grids g join up on g.node_id = up.parent_id where g.current
)
select d.id, d.kind, d.safety, d.published_n as n, d.published_at, v.title, v.body, o.name as organisation,
    d.organisation_id = :organisation_id
        or exists (select from document_notes t where (t.document_id, t.n) = (d.id, d.published_n) and t.organisation_id = :organisation_id) as noted,
    coalesce((select json_agg(json_build_object('sha256', p.sha256, 'name', p.name) order by p.place)
        from document_pictures p where (p.document_id, p.n) = (d.id, d.published_n)), '[]') as pictures,
    coalesce((select json_agg(json_build_object('sha256', p.sha256, 'name', p.name, 'bytes', f.bytes, 'mime', 'application/pdf') order by p.place)
        from document_papers p join papers f on f.sha256 = p.sha256 where (p.document_id, p.n) = (d.id, d.published_n)), '[]') as files
from documents d
join document_versions v on (v.document_id, v.n) = (d.id, d.published_n)
join organisations o on o.id = d.organisation_id
where d.district_id = :district_id and d.withdrawn_at is null and (:ids::bigint[] is null or d.id = any (:ids::bigint[]))
  and exists (select from document_nodes w join up on up.node_id = w.node_id where w.document_id = d.id)
order by d.published_at desc, d.id desc limit :limit;

-- name: of_office
-- What an office wrote, newest first.
select d.id, d.kind, d.safety, d.published_n, d.published_at, d.withdrawn_at, v.n, v.title
from documents d
join lateral (select n, title from document_versions v where v.document_id = d.id order by n desc limit 1) v on true
where d.organisation_id = :organisation_id and (:before::bigint is null or d.id < :before)
order by d.id desc limit :limit;

-- name: versions
select v.n, v.title, v.body, v.made_at, coalesce(p.name, '') as made_by,
    coalesce((select json_agg(json_build_object('sha256', t.sha256, 'name', t.name) order by t.place)
        from document_pictures t where (t.document_id, t.n) = (v.document_id, v.n)), '[]') as pictures,
    coalesce((select json_agg(json_build_object('sha256', t.sha256, 'name', t.name, 'bytes', f.bytes, 'mime', 'application/pdf') order by t.place)
        from document_papers t join papers f on f.sha256 = t.sha256 where (t.document_id, t.n) = (v.document_id, v.n)), '[]') as files
from document_versions v left join people_private p on p.person_id = v.made_by
where v.document_id = :id order by v.n desc;

-- name: own^
select d.id, d.kind, d.safety, d.published_n, d.published_at, d.withdrawn_at from documents d
where d.id = :id and d.organisation_id = :organisation_id;

-- name: published_to
select g.code, g.name from document_nodes w join grids g on g.node_id = w.node_id and g.current where w.document_id = :id order by g.code;

-- name: note!
insert into document_notes (document_id, n, organisation_id) values (:id, :n, :organisation_id) on conflict do nothing;

-- name: who_noted
-- Offices and crews that serve a place to which it was published, and whether each knows of it.
with recursive down as (
    select w.node_id from document_nodes w where w.document_id = :id
    union
    select g.node_id from grids g join down on g.parent_id = down.node_id where g.current
)
select o.name, exists (select from document_notes t where (t.document_id, t.n) = (:id, :n) and t.organisation_id = o.id) as noted
from organisations o join down on down.node_id = o.grid_id
where o.active and o.kind in ('street', 'community', 'crew') and o.id <> :organisation_id order by noted, o.code;
