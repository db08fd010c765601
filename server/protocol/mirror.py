"""How tablet and server compare what they hold: cases fall into 256 buckets, each with a hash over ids and versions."""

from collections.abc import Iterable, Mapping

from server.protocol.wire import sha256

BUCKETS = tuple(f"{number:02x}" for number in range(256))


def bucket_of(case_id: str) -> str:
    """The last byte of the id: it is chance in a UUIDv7, so buckets are of one size."""
    return case_id[-2:]


def buckets_of(cases: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The hash of each bucket that is not empty, for cases as (id, version)."""
    lines: dict[str, list[str]] = {}
    for case_id, version in sorted(cases):
        lines.setdefault(bucket_of(case_id), []).append(f"{case_id}:{version}")
    return {bucket: sha256("\n".join(found))[:16] for bucket, found in lines.items()}


def digest_of(buckets: Mapping[str, str]) -> str:
    """One hash over all buckets."""
    return sha256("\n".join(f"{name}:{buckets[name]}" for name in sorted(buckets)))


def differing(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """The buckets in which two sides do not agree."""
    return sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
