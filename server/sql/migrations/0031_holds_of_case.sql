-- The page of a case says what waits about it.
create index holds_case_idx on holds (case_id) where decided_at is null;                              -- case page: what waits
