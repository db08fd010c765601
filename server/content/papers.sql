-- name: keep_paper!
-- The same bytes that come again lie in their place again, whatever was found wrong there before.
insert into papers (sha256, bytes, stored_at) values (:sha256, :bytes, :now)
on conflict on constraint papers_pkey do update set damaged_at = null;
