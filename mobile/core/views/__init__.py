"""What the tablet's core tells its window: plain frozen records, every sentence already in the chosen language.

Together with face.py this is the whole contract between `mobile.core` and `mobile.ui`: the window draws what it gets
and words nothing about cases itself; the core knows no Kivy. Coordinates are degrees, EPSG:4326, lon before lat;
lengths are metres.
"""

from mobile.core.views.basics import UNDO_SECONDS, LonLat, Mood, Refusal, Ring
from mobile.core.views.cases import (
    CaseMapView,
    CaseMark,
    CaseRow,
    CasesView,
    CaseView,
    FilterView,
    InspectView,
    StepView,
    TodayView,
)
from mobile.core.views.facilities import (
    ComponentView,
    FacilityMap,
    FacilityMark,
    FacilityRow,
    FacilityView,
    LayerView,
    PicturesView,
)
from mobile.core.views.forms import (
    Act,
    CategoryChoice,
    CategoryMajor,
    Choice,
    ConditionChoice,
    Draft,
    Field,
    PhotoView,
    ReportForm,
    not_shown,
)
from mobile.core.views.ground import BaseShape, GridShape, MapShapes, PlaceView, Position
from mobile.core.views.outbox import NextStep, OutboxItem, OutboxView
from mobile.core.views.papers import DocumentView, FileView
from mobile.core.views.person import (
    Fact,
    LinkView,
    LockView,
    MessageView,
    MeView,
    NoticeView,
    PersonView,
    Settings,
)

__all__ = [
    "UNDO_SECONDS",
    "Act",
    "BaseShape",
    "CaseMapView",
    "CaseMark",
    "CaseRow",
    "CaseView",
    "CasesView",
    "CategoryChoice",
    "CategoryMajor",
    "Choice",
    "ComponentView",
    "ConditionChoice",
    "DocumentView",
    "Draft",
    "FacilityMap",
    "FacilityMark",
    "FacilityRow",
    "FacilityView",
    "Fact",
    "Field",
    "FileView",
    "FilterView",
    "GridShape",
    "InspectView",
    "LayerView",
    "LinkView",
    "LockView",
    "LonLat",
    "MapShapes",
    "MeView",
    "MessageView",
    "Mood",
    "NextStep",
    "NoticeView",
    "OutboxItem",
    "OutboxView",
    "PersonView",
    "PhotoView",
    "PicturesView",
    "PlaceView",
    "Position",
    "Refusal",
    "ReportForm",
    "Ring",
    "Settings",
    "StepView",
    "TodayView",
    "not_shown",
]
