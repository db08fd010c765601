-- What the application may do. It owns nothing; the chain it may only append to and read.

grant usage on schema public to xunge_app;
grant select, insert, update, delete on all tables in schema public to xunge_app;
grant usage, select on all sequences in schema public to xunge_app;
grant execute on all functions in schema public to xunge_app;

revoke update, delete, truncate on case_events from xunge_app;
revoke insert, update, delete, truncate on workflow_moves from xunge_app;
revoke insert, update, delete, truncate on migrations from xunge_app;
revoke update, delete, truncate on security_log from xunge_app;
revoke update, delete, truncate on pack_versions from xunge_app;
revoke delete, truncate on cases, cycles, commands, case_keys, change_log, change_counter, blobs, attachments from xunge_app;
