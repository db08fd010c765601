"""A pack as both sides read it: categories with conditions and limits, clocks, reasons, routing, words. Data, not code.

The server reads `server/packs/NAME/`, keeps it as a version, and sends its body down to the tablets.
"""

from server.protocol.pack.data import BadPack, Fault, Place
from server.protocol.pack.reading import faults_of, read_pack
from server.protocol.pack.shape import (
    ANSWERABLE,
    CLOCKS,
    EVIDENCE_STAGES,
    FIELD_KINDS,
    MATTER_KINDS,
    ORGANISATION_KINDS,
    PAYERS,
    STAGES,
    TIME_KINDS,
    WORKING_DAY_MINUTES,
    Category,
    Choice,
    Condition,
    Field,
    Limit,
    Pack,
    Reason,
    Rule,
)
from server.protocol.pack.spoken import limit_words

__all__ = [
    "ANSWERABLE",
    "CLOCKS",
    "EVIDENCE_STAGES",
    "FIELD_KINDS",
    "MATTER_KINDS",
    "ORGANISATION_KINDS",
    "PAYERS",
    "STAGES",
    "TIME_KINDS",
    "WORKING_DAY_MINUTES",
    "BadPack",
    "Category",
    "Choice",
    "Condition",
    "Fault",
    "Field",
    "Limit",
    "Pack",
    "Place",
    "Reason",
    "Rule",
    "faults_of",
    "limit_words",
    "read_pack",
]
