-- Single words and single photos can be erased. `cuts`: by number of the event the places in its words that were cut out
-- (path, from, to); `sha256`: the photo whose bytes went. One act of erasing is one row, its id that of the act.
alter table erasures add column cuts jsonb, add column sha256 text;
alter table erasures drop constraint erasures_of_something;
alter table erasures add constraint erasures_of_something check (
    (person_id is not null)::integer + (case_id is not null and n is not null)::integer
    + (case_id is not null and cuts is not null)::integer + (case_id is not null and sha256 is not null)::integer = 1);

-- The bytes of an erased photo are refused like those that were never taken.
alter table refused_pictures drop constraint refused_pictures_code_known;
alter table refused_pictures add constraint refused_pictures_code_known
    check (code in ('not_a_picture', 'too_many_pixels', 'moving', 'too_costly', 'unreadable', 'polyglot', 'erased'));
