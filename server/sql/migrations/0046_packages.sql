-- Tablet packages: borders simplified within a bound that is measured, and the key that packages are signed with.

alter table grids add column simple geometry(MultiPolygon, 4326);
comment on column grids.simple is 'The shape as tablets carry it; null: the shape itself.';
alter table boundary_versions add column simple_error_m real not null default 0;
comment on column boundary_versions.simple_error_m is
    'Metres that a simplified border of this version lies from the exact one at most, as measured.';

create table signing_keys (
    purpose text not null,
    seed    bytea not null,
    constraint signing_keys_pkey primary key (purpose),
    constraint signing_keys_seed_long check (octet_length(seed) = 32)
);
comment on table signing_keys is 'Ed25519 seeds of this installation; what tablets are handed is the public half.';
-- 366 random bits of the operating system's, folded into the 32 bytes that a key is made of
insert into signing_keys values ('package', sha256(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
grant select on signing_keys to xunge_app;
