"""One thread a process follows the change log and hands each row, in memory, to every open stream that it concerns.

A stream is a queue in the event loop: it holds no thread and no connection of the pool, so however many consoles
listen, ordinary requests have theirs. The thread sleeps in LISTEN and looks itself every two seconds, for a NOTIFY may
be lost and the log may not.
"""

import asyncio
import select
import threading

import psycopg2
import structlog

from server.db import Connection, Database, connect
from server.errors import Busy
from server.stream.service import PAGE, Ears, Event, Place, epoch_and_end, heard, missed, read_after

log = structlog.get_logger()
THREAD = "xunge-changes"
POLL_S = 2.0
MOST_WAITING = 500  # events that a slow reader may leave lying; then it is told to begin anew
MOST_STREAMS = 1000


class Listener:
    """One open stream: its ears, and what it was not told yet."""

    def __init__(self, ears: Ears, loop: asyncio.AbstractEventLoop) -> None:
        self.ears = ears
        self._loop = loop
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MOST_WAITING)

    def hand(self, events: list[Event]) -> None:
        """From the thread into the event loop. A loop that has ended hears nothing any more."""
        if events:
            try:
                self._loop.call_soon_threadsafe(self._put, events)
            except RuntimeError:
                log.info("stream_gone")

    def _put(self, events: list[Event]) -> None:
        for event in events:
            if self._waiting.full():
                while not self._waiting.empty():
                    self._waiting.get_nowait()
                event = Event("reset", event.place, {})
            self._waiting.put_nowait(event)

    async def next(self) -> Event:
        return await self._waiting.get()


class Hub:
    """Open streams by district, and the thread that feeds them while there are any."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._places: dict[int, Place] = {}
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def __len__(self) -> int:
        return len(self._listeners)

    def room(self) -> None:
        """Raises Busy when this process has as many streams as it takes."""
        if len(self) >= MOST_STREAMS:
            raise Busy

    def join(self, listener: Listener, last_id: str) -> tuple[str, Place, list[Event]]:
        """Lets a stream listen; the epoch, where it stands, and what it missed since its last event.

        It is heard from before the log is read, so what comes in between is told by the thread (perhaps twice).
        """
        district = listener.ears.district_id
        with self._lock, self._database.read() as conn:
            if district not in self._places:
                self._places[district] = epoch_and_end(conn, district)[1]
            self._listeners.add(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name=THREAD, daemon=True)
                self._thread.start()
        with self._database.read() as conn:
            return missed(conn, listener.ears, last_id)

    def leave(self, listener: Listener) -> None:
        """A stream has ended."""
        with self._lock:
            self._listeners.discard(listener)
            districts = {one.ears.district_id for one in self._listeners}
            self._places = {key: place for key, place in self._places.items() if key in districts}

    def close(self) -> None:
        """Ends the thread."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(POLL_S + 5)

    # The thread --------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except psycopg2.Error as error:
                # The place of each district is kept: what was missed is read when the database is back.
                log.warning("stream_without_database", error=str(error).strip())
                self._ended.wait(POLL_S)

    def _follow(self) -> None:
        connection = connect(self._database.dsn)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("set application_name = 'xunge stream'; listen xunge_changes")
            while not self._ended.is_set():
                self._tell_all(connection)
                select.select([connection], [], [], POLL_S)
                connection.poll()
                connection.notifies.clear()
        finally:
            connection.close()

    def _tell_all(self, connection: Connection) -> None:
        for district in list(self._places):
            self._tell(connection, district)

    def _tell(self, connection: Connection, district: int) -> None:
        more = True
        while more and not self._ended.is_set():
            place = self._places.get(district)
            if place is None:
                return
            rows = read_after(connection, district, place)
            if not rows:
                return
            more = len(rows) == PAGE
            with self._lock:
                if district in self._places:
                    self._places[district] = Place(rows[-1]["seq"], rows[-1]["n"])
                here = [one for one in self._listeners if one.ears.district_id == district]
            for listener in here:
                listener.hand(heard(listener.ears, rows))
