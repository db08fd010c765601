"""What a report looks like to other systems."""

from datetime import datetime

from pydantic import BaseModel, Field

from server.reports.service import Report, Row


class RowOut(BaseModel):
    """One line; `cases` and `cases_numerator` list exactly the cycles that were counted."""

    key: str | None = Field(
        description="code of grid, organisation, category or code system, or local day; null: outside, or no crew"
    )
    name: str
    numerator: int
    denominator: int
    rate: float | None = Field(description="a fraction; null when there is nothing to divide by")
    few: bool = Field(description="fewer than 20 cases: show the counts, the rate is noise")
    cases: str
    cases_numerator: str

    @classmethod
    def of(cls, row: Row) -> "RowOut":
        return cls(
            key=row.key,
            name=row.name,
            numerator=row.numerator,
            denominator=row.denominator,
            rate=row.rate,
            few=row.few,
            cases=row.cases_link,
            cases_numerator=row.numerator_link,
        )


class DefinitionOut(BaseModel):
    """What was counted, in the reader's language; `basis` is a code."""

    name: str
    formula: str
    basis: str
    count: bool = Field(description="the numerator is what matters: a number of cases, not a rate")


class ReportOut(BaseModel):
    """The lines, their sum, the formula, and the moment as of which facts were read."""

    items: list[RowOut]
    total: RowOut
    definition: DefinitionOut
    as_of: datetime

    @classmethod
    def of(cls, report: Report) -> "ReportOut":
        return cls(
            items=[RowOut.of(row) for row in report.items],
            total=RowOut.of(report.total),
            definition=DefinitionOut(**vars(report.definition)),
            as_of=report.as_of,
        )
