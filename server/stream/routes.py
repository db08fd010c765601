"""GET /api/v1/stream: server-sent events in the scope of who listens. The only door of the server that is async."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from server.errors import XungeError
from server.security import Viewer, require_viewer
from server.stream.hub import Hub, Listener
from server.stream.service import Ears, Event, Place, event_id

router = APIRouter(prefix="/api/v1", tags=["stream"])
PING_S = 20
LOOK_AGAIN_S = 60.0  # a session that ended or a scope that moved ends its stream within this time


@router.get("/stream", response_class=EventSourceResponse)
async def stream(
    request: Request,
    viewer: Annotated[Viewer, Depends(require_viewer)],
    last_event_id: Annotated[str, Header(max_length=200)] = "",
) -> EventSourceResponse:
    """What changes in scope, as it happens: which case or message, by id; what is in it is asked for as always.

    Events: `ready` (you listen from here), `case` {id, number}, `message` {id}, `reset` (load everything anew).
    `Last-Event-ID` goes on where a stream broke off.
    """
    hub: Hub = request.app.state.streams
    hub.room()
    listener = Listener(Ears.of(viewer), asyncio.get_running_loop())
    return EventSourceResponse(
        _events(request, hub, listener, last_event_id),
        ping=PING_S,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    request: Request, hub: Hub, listener: Listener, last_id: str
) -> AsyncIterator[ServerSentEvent]:
    try:
        epoch, here, before = await run_in_threadpool(hub.join, listener, last_id)
        # What was missed is told in its order with the place from which on the stream is live.
        stands = Place(0, 0)
        for event in sorted([Event("ready", here, {}), *before], key=lambda event: event.place):
            stands = event.place
            yield _sent(epoch, listener.ears, event)
        clock = asyncio.get_running_loop()
        look_at = clock.time() + LOOK_AGAIN_S
        while True:
            try:
                event = await asyncio.wait_for(listener.next(), max(0.0, look_at - clock.time()))
            except TimeoutError:
                if not await run_in_threadpool(_still, request, listener):
                    return
                look_at = clock.time() + LOOK_AGAIN_S
                continue
            if event.kind == "reset" or event.place > stands:
                yield _sent(epoch, listener.ears, event)
    finally:
        hub.leave(listener)


def _sent(epoch: str, ears: Ears, event: Event) -> ServerSentEvent:
    return ServerSentEvent(
        data=json.dumps(event.data, separators=(",", ":")),
        event=event.kind,
        id=event_id(epoch, ears.district_id, event.place),
        sep="\n",
    )


def _still(request: Request, listener: Listener) -> bool:
    """Whether the same viewer with the same scope still listens; else the stream ends and the browser asks again."""
    try:
        return Ears.of(require_viewer(request)) == listener.ears
    except XungeError:
        return False
