"""The list of tasks with their rhythms, and the scheduler that runs them while this process leads."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg2
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from server.db import Database
from server.errors import XungeError
from tasks import (
    anchor_heads,
    deliver,
    escalate_holds,
    escalate_overdue,
    expire_uploads,
    forget_knocks,
    forget_told,
    recompute_deadlines,
    reroute_cases,
    sum_closed,
    tell_openings,
    time_passes,
    verify_blobs,
    verify_chains,
)
from tasks.leader import Leader
from tasks.task import Task, perform

TASKS: tuple[Task, ...] = (
    Task(
        "deliver",
        timedelta(seconds=5),
        "sends letters and returns outcomes to other systems",
        deliver.run,
        chunk=1,
        waits=True,
    ),
    Task(
        "escalate_overdue",
        timedelta(seconds=30),
        "escalates cases whose deadline passed without the act it waits for",
        escalate_overdue.run,
        chunk=escalate_overdue.CHUNK,
        gives_way=True,
    ),
    Task(
        "escalate_holds",
        timedelta(minutes=5),
        "takes acts of tablets up one level that nobody decided about within a day",
        escalate_holds.run,
        chunk=escalate_holds.CHUNK,
    ),
    Task(
        "time_passes",
        timedelta(seconds=60),
        "goes on where time is up: questions without an answer, suspensions, inspectors who do not come",
        time_passes.run,
        chunk=time_passes.CHUNK,
        gives_way=True,
    ),
    Task(
        "forget_told",
        timedelta(hours=6),
        "removes messages, sent letters and the log of exchanges after thirteen months",
        forget_told.run,
        chunk=forget_told.CHUNK,
    ),
    Task(
        "expire_uploads",
        timedelta(minutes=10),
        "removes photos that began to arrive and were given up, and packages that nobody asks for",
        expire_uploads.run,
    ),
    Task(
        "recompute_deadlines",
        timedelta(minutes=1),
        "computes open deadlines anew after a change of calendar or limits",
        recompute_deadlines.run,
        chunk=recompute_deadlines.SLICE,
        gives_way=True,
    ),
    Task(
        "reroute_cases",
        timedelta(minutes=1),
        "lets open cases follow boundaries that were confirmed so",
        reroute_cases.run,
        chunk=reroute_cases.SLICE,
    ),
    Task(
        "forget_knocks",
        timedelta(hours=1),
        "forgets a day later how often somebody came to a public door, and who opened a layer in which hour",
        forget_knocks.run,
    ),
    Task(
        "tell_openings",
        timedelta(minutes=10),
        "writes down how many facilities of an opened layer went out in an hour that is over",
        tell_openings.run,
        chunk=tell_openings.CHUNK,
    ),
    Task(
        "sum_closed",
        timedelta(seconds=60),
        "adds what was closed or reopened to the sums that the map counts closed cases from",
        sum_closed.run,
        chunk=sum_closed.CHUNK,
    ),
    Task(
        "verify_chains",
        timedelta(minutes=5),
        "proves the event chains of the next slice of cases",
        verify_chains.run,
        chunk=verify_chains.SLICE + 1,
    ),
    Task(
        "anchor_heads",
        timedelta(hours=1),
        "anchors the heads of all chains once a day",
        anchor_heads.run,
    ),
    Task(
        "verify_blobs",
        timedelta(minutes=5),
        "reads the next originals of photos again and compares their fingerprints",
        verify_blobs.run,
        chunk=verify_blobs.MOST_FILES + 1,
    ),
)

log = structlog.get_logger("tasks")


class Scheduler:
    """Runs tasks one after the other in their rhythms, as long as this process leads."""

    def __init__(self, database: Database, tasks: Sequence[Task] = TASKS) -> None:
        self._database = database
        self._leader = Leader(database.dsn)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            # One worker: tasks never compete with one another for the few connections. One more for those that wait
            # for other systems, so that a slow receiver delays no escalation.
            executors={"default": ThreadPoolExecutor(1), "waiting": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for task in tasks:
            self._scheduler.add_job(
                self.tick,
                "interval",
                (task,),
                seconds=task.every.total_seconds(),
                id=task.name,
                executor="waiting" if task.waits else "default",
                next_run_time=datetime.now(UTC),
            )

    def start(self) -> None:
        """Begins; every task that is led runs at once, then in its rhythm."""
        self._scheduler.start()

    def stop(self) -> None:
        """Lets the running task end, then resigns."""
        self._scheduler.shutdown(wait=True)
        self._leader.resign()

    def tick(self, task: Task) -> None:
        """One turn of a task. What goes wrong is written down and tried again at the next turn."""
        if not self._leader.leads():
            return
        try:
            done = perform(self._database, task, datetime.now(UTC))
        except (XungeError, psycopg2.Error, OSError) as error:
            log.error("task failed", task=task.name, error=str(error))
        else:
            if done:
                log.info("task done", task=task.name, result=done)
