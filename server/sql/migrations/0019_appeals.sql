-- Appeals stand on closed cases: the board of what is to be judged finds them without reading all that ever was closed.
create index cases_appeals_idx on cases (id) where flags @> '{appeal_open}';                            -- boards: appeals to judge
