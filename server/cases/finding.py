"""Finding cases by words, and by what only a few have: asked of one index, before a list is walked in its order.

The tokens are those that `words_of_case` makes (server/sql/schema.sql): words of Latin and digits, pairs of ideographs,
number and outside number as they are, and keys for category, source and node of the tree.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from server.cases.filters import Filters
from server.db import Connection, queries
from server.protocol.pack import Category, Pack

sql = queries(__file__)
RUNS = re.compile("[㐀-鿿豈-﫿]+|[a-z0-9à-ɏа-я]+")
IDEOGRAPH = re.compile("[㐀-鿿豈-﫿]")
# Up to so many are fetched by their ids; of more, a list in its own order shows a page sooner.
FEW = 2_000
MOST_CATEGORIES = 50


@dataclass(frozen=True)
class Found:
    """`ids`: the only cases that can be meant, when they are few; else `query`: the words that each must have."""

    ids: list[UUID] | None = None
    query: str | None = None


def found(
    conn: Connection, filters: Filters, pack: Pack, category: Category | None, node: int | None
) -> Found:
    """What words, category and source of a filter find; nothing to say where the filter has none of them."""
    words = words_query(filters.q, pack) if filters.q else None
    if words == "":
        return Found(ids=[])
    keys = [words] if words else []
    keys += [_lexeme(f"c:{category.key}")] if category else []
    keys += [_lexeme(f"s:{filters.source}")] if filters.source else []
    if not keys:
        return Found()
    # Not the viewer's own node: somebody who helps elsewhere sees that case too.
    keys += [_lexeme(f"n:{node}")] if node is not None else []
    whole = " & ".join(keys)
    if sql.words_guessed(conn, query=whole)[0]["Plan"]["Plan Rows"] <= FEW:
        rows = list(sql.found_by_words(conn, query=whole, limit=FEW + 1))
        if len(rows) <= FEW:
            return Found(ids=[row["case_id"] for row in rows])
    return Found(query=words)


def words_query(text: str, pack: Pack) -> str:
    """What somebody typed, as a query of words; "" when there is no word in it.

    All words must be there, each at least as a beginning; or it is the beginning of a number; or what the category is
    called, or its initials.
    """
    typed = text.strip().lower()
    words: list[str] = []
    for run in RUNS.findall(typed):
        if len(run) == 1 or not IDEOGRAPH.match(run):
            words.append(_lexeme(run) + ":*")
        else:
            words += [_lexeme(run[i : i + 2]) for i in range(len(run) - 1)]
    if not words:
        return ""
    meant = [category for category in pack.categories if _is_called(category, typed)][:MOST_CATEGORIES]
    ways = [f"({' & '.join(words)})", _lexeme(typed) + ":*", *(_lexeme(f"c:{one.key}") for one in meant)]
    return f"({' | '.join(ways)})"


def _is_called(category: Category, typed: str) -> bool:
    return typed == category.initials or any(typed in name.lower() for name in category.names.values())


def _lexeme(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
