-- What the log says of a layer is what went out of it, not what it holds: an hour's readings are summed here, the first
-- of them is told at once, the rest when the hour is over.

alter table layer_openings
    add column organisation_id bigint,
    add column sent            integer not null default 0,
    add column told            integer not null default 0,
    add constraint layer_openings_organisation_fkey foreign key (organisation_id) references organisations (id);
comment on column layer_openings.sent is 'How many facilities of the layer went out to the person in this hour, each time that one did.';
comment on column layer_openings.told is 'How many of them rows of the access log say.';
-- hours of which something is still to be told
create index layer_openings_untold_idx on layer_openings (hour) where sent > told;

grant update on layer_openings to xunge_app;
