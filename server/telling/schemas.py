"""What other systems send about being told."""

from pydantic import BaseModel, ConfigDict, Field


class NewWebhook(BaseModel):
    """Where the outcomes of a source's cases are to be posted."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_.:-]+$")
    url: str = Field(min_length=1, max_length=500)
