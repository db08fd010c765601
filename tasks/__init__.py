"""Time passes: what the system does by itself, one file a task, each `run(conn, now) -> int` and idempotent."""
