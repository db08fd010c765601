-- Tiles of borders, kept as they were made: a version's borders never change, so neither do its tiles.
create table grid_tiles (
    version_id bigint not null,
    z          smallint not null,
    x          integer not null,
    y          integer not null,
    data       bytea not null,
    constraint grid_tiles_pkey primary key (version_id, z, x, y),
    constraint grid_tiles_version_fkey foreign key (version_id) references boundary_versions (id)
);
grant select, insert, delete on grid_tiles to xunge_app;
