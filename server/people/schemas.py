"""What an administrator may send about a person."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from server.people.service import SHORTEST_PASSWORD

LOGIN = r"^[a-z0-9][a-z0-9._-]{1,39}$"
Login = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=LOGIN)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Role = Literal["admin", "auditor", "centre", "street", "community", "worker", "crew", "resident-service"]
Duty = Literal["intake", "duty", "dispatcher", "supervisor"]


class PersonWanted(BaseModel):
    """Somebody to be added.

    Without `grids` the membership reaches as far as the organisation; without `password` they come in
    by tablet or token only.
    """

    model_config = ConfigDict(extra="forbid")

    login: Login
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    role: Role
    organisation: Code
    grids: list[Code] = Field(default_factory=list, max_length=200)
    duties: list[Duty] = Field(default_factory=list, max_length=4)
    lang: Literal["zh-CN", "en"] = "zh-CN"
    password: Annotated[str, StringConstraints(min_length=SHORTEST_PASSWORD, max_length=200)] | None = None
