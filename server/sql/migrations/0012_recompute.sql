-- Deadlines stand under a calendar and under the limits of a pack version; when either is a newer one, those of open
-- cases are computed anew. Where a round of that is stands with the task.

alter table calendars
    add column recomputed_pack bigint,
    drop column recompute_after,
    add constraint calendars_pack_fkey foreign key (recomputed_pack) references pack_versions (id);
comment on column calendars.recomputed_pack is 'The pack version under whose limits the open deadlines stand.';
