"""What other systems send about cases."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class NewCase(BaseModel):
    """A case from another system; its place is a point or a grid code; neither = kept and asked about.

    `crs`: EPSG:4326 or EPSG:4490; GCJ-02 and BD-09 are converted and marked (`location.crs_source`)."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_.:-]+$")
    external_id: str | None = Field(default=None, min_length=1, max_length=200)
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    accuracy_m: float | None = Field(default=None, ge=0)
    crs: str = Field(default="EPSG:4326", max_length=50)
    grid_code: str = Field(default="", max_length=200)
    category: str | dict[str, str] = ""
    condition: str = Field(default="", max_length=200)
    title: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=4000)
    form: dict[str, str] = Field(default_factory=dict, max_length=50)
    attachments: list[str | dict[str, str]] = Field(default_factory=list, max_length=20)
    reported_at: datetime | None = None


class Why(BaseModel):
    """Why somebody reads what is masked."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=2, max_length=500)


class Act(BaseModel):
    """The fields of an act, as the transition table asks for them."""

    model_config = ConfigDict(extra="allow")

    def payload(self) -> dict[str, Any]:
        """All fields as they came."""
        return self.model_dump()
