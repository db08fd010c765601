"""A case arrives: its row as the report says it, its category as the pack files it, its place as the grids route it."""

from datetime import datetime
from uuid import UUID

from server.cases import write
from server.cases.batch import REPORTING, Batch, pack_in_force
from server.cases.clocks import category_of
from server.cases.state import RESIDENT_WAITS, CaseState, Cycle, Working
from server.cases.world import Office, Refused
from server.db import Connection, queries
from server.grids.places import Located
from server.people.organisations import ensure_centre
from server.protocol.commands import Command
from server.protocol.hats import Actor
from server.protocol.pack import Category, Pack
from server.protocol.payloads import CONTACT, Part, Record, Report
from server.protocol.stages import lacking

sql = queries(__file__, "apply.sql")
PLACE_MISSING, PHOTO_MISSING = "place_missing", "photo_missing"


def arrived(
    conn: Connection,
    command: Command,
    payload: Report,
    actor: Actor,
    place: Located,
    batch: Batch,
    reported: datetime,
) -> Working:
    """The case as it comes in, before the act that brings it is applied."""
    district = home_of(command, place, batch)
    pack_version, pack = pack_in_force(conn, batch, district)
    centre = batch.offices.get(district) or Office(ensure_centre(conn, district), "", "")
    batch.offices[district] = centre
    position = command.position
    category, as_it_came = filed(payload, pack)
    timezone = batch.districts[district]["timezone"]
    case = CaseState(
        id=command.case_id,
        number=write.number(batch.numbers.pop(0), batch.now, timezone),
        pack_version=pack_version,
        category_system=(category or pack.other).system,
        category_code=(category or pack.other).code,
        category_text="" if category else as_it_came,
        condition=payload.condition if category and category.condition(payload.condition) else "",
        place_status=place.status,
        place_candidates=list(place.candidates),
        district_id=district,
        street_id=place.street_id,
        community_id=place.community_id,
        grid_id=place.grid_id,
        boundary_version=place.boundary_version,
        holder_id=centre.id,
        reporter_id=actor.person if command.origin != "import" else None,
        source=command.source or command.origin,
        external_id=command.external_id,
        title=payload.title,
        description=payload.description,
        lon_e7=position.lon_e7,
        lat_e7=position.lat_e7,
        accuracy_m=position.accuracy_m,
        crs_source=position.crs,
        reported_at=reported,
        received_at=batch.now,
        changed_at=batch.now,
        acted_at=reported,
        form=dict(payload.form),
        parent_id=UUID(payload.parent) if isinstance(payload, Part) else None,
    )
    # A code that no area has says as little as none.
    if position.lon is None and place.status != "inside":
        case.tags = [PLACE_MISSING]
    if category and lacking(command.kind, category, (photo.stage for photo in payload.attachments)):
        case.tags = [*case.tags, PHOTO_MISSING]
    if any(payload.form.get(name) for name in CONTACT):
        case.tags = [*case.tags, RESIDENT_WAITS]
    return Working(case, Cycle(case.id, 1, reported), {}, is_new=True)


def home_of(command: Command, place: Located, batch: Batch) -> int:
    """The district of a new case: where it lies, else whose door it came by."""
    return place.district_id or command.district_id or next(iter(batch.districts))


def seen(conn: Connection, command: Command, work: Working, pack: Pack, batch: Batch) -> None:
    """Refuses an act without the photos that the pack wants with it; a report lacks them and is marked instead, until
    the case has a photo of each of those stages.
    """
    case, category = work.case, category_of(work, pack)
    shown = {photo.stage for photo in getattr(command.payload, "attachments", ())}
    if command.kind not in REPORTING and (stages := lacking(command.kind, category, shown)):
        raise Refused("evidence_needed", stage=list(stages))
    if not shown or work.is_new or PHOTO_MISSING not in case.tags:
        return
    came_by = "self_handle" if case.self_handled else "report"
    if missing := lacking(came_by, category, shown):
        before = {row["stage"] for row in sql.stages_of(conn, case_id=case.id)}
        missing = tuple({*missing} - before - {row[5] for row in batch.attachments if row[1] == case.id})
    if not missing:
        case.tags = [tag for tag in case.tags if tag != PHOTO_MISSING]


def filed(payload: Report, pack: Pack) -> tuple[Category | None, str]:
    """The category that a report names, and its text as it came; None where this pack has no such category."""
    category = pack.category(payload.system, payload.code) or pack.by_text(
        payload.category_text or payload.code
    )
    return category, payload.category_text or "/".join(filter(None, (payload.system, payload.code)))


def record_again(command: Command, work: Working, batch: Batch, pack: Pack) -> None:
    """What a repeat of the outside may say anew: the category, and the place, which is then routed again."""
    case, payload, position = work.case, command.payload, command.position
    if isinstance(payload, Record):
        category, as_it_came = filed(payload, pack)
        case.category_system = (category or pack.other).system
        case.category_code = (category or pack.other).code
        case.category_text = "" if category else as_it_came
    place = batch.places.get(command.command_id)
    if place is not None and (position.lon_e7, position.lat_e7) != (case.lon_e7, case.lat_e7):
        case.lon_e7, case.lat_e7, case.crs_source = position.lon_e7, position.lat_e7, position.crs
        case.place_status, case.place_candidates = place.status, list(place.candidates)
        case.street_id, case.community_id, case.grid_id = place.street_id, place.community_id, place.grid_id
        case.boundary_version = place.boundary_version
        case.tags = [tag for tag in case.tags if tag != PLACE_MISSING or position.lon is None]
