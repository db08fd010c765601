-- A tablet that refuses a package says so when it asks again: the office sees which tablet, how often and when last.

alter table devices add column refusals integer not null default 0, add column refused_at timestamptz;
comment on column devices.refusals is 'How many packages it refused: not signed by the office that it enrolled with, or not whole.';
