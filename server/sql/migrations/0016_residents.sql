-- Residents and outside parties: links that let somebody without an account in to one case, how often a door was
-- knocked at, the telephone under which an office is reached, and what is published of a street.

-- A resident follows a case by a link (its token, of which the hash is kept) or by number and code from a paper slip.
create table public_links (
    token_hash bytea not null,
    case_id    uuid not null,
    code_hash  bytea,
    made_at    timestamptz not null,
    made_by    bigint,
    expires_at timestamptz not null,
    ended_at   timestamptz,
    constraint public_links_pkey primary key (token_hash),
    constraint public_links_ends_later check (expires_at > made_at),
    constraint public_links_case_fkey foreign key (case_id) references cases (id),
    constraint public_links_made_by_fkey foreign key (made_by) references people (id)
);
create index public_links_case_idx on public_links (case_id);        -- by number and code; ending the links of a case
comment on column public_links.code_hash is 'SHA-256 over case and code; links that a code opened for a day have none.';

-- Counted in fixed windows by all server processes together. Unlogged: after a crash counting begins anew.
create unlogged table knocks (
    door  text not null,
    who   text not null,
    since timestamptz not null,
    count integer not null,
    constraint knocks_pkey primary key (door, who, since)
);
comment on table knocks is 'How often an address, a link or a case number came to a public door; forgotten after a day.';

alter table organisations add column phone text not null default '';
comment on column organisations.phone is 'Under which residents reach the office: public, printed on slips.';

create index cases_published_idx on cases (street_id, closed_at desc, id desc) where state = 'closed';   -- /public/streets: newest closed

grant select, insert, update on public_links to xunge_app;
grant select, insert, update, delete on knocks to xunge_app;
