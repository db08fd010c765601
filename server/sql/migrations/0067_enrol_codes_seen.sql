-- Codes for tablets can be seen while they are open, with who made them, and withdrawn before anybody used them.

alter table enrol_codes
    add column id bigint generated always as identity,   -- names a code on a page, where its hash would be one to try codes against
    add column made_by bigint,                           -- null: on the server's own command line
    add constraint enrol_codes_id_key unique (id),
    add constraint enrol_codes_made_by_fkey foreign key (made_by) references people (id);
create index enrol_codes_open_idx on enrol_codes (expires_at) where used_at is null;   -- /devices: codes that work still
