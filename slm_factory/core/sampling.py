"""A sample that is proportional per source, the same for ever, and hardly moved by what is added."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping

from slm_factory.core.matching import lot


def sample(sources: Mapping[str, str], size: int, seed: int) -> set[str]:
    """At most `size` of the identities that are the keys of `sources`, each source with its share.

    Drawn by the hash of the identity: within a source, those with the lowest lots. What is added to a source
    takes the place of few.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for identity, source in sources.items():
        groups[source].append(identity)
    shares = quotas({source: len(group) for source, group in groups.items()}, size)
    purpose = f"sample {seed}"
    return {
        identity
        for source, group in groups.items()
        for identity in heapq.nsmallest(shares[source], group, key=lambda drawn: lot(purpose, drawn))
    }


def quotas(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """How many of each source belong to a sample of `size`, by the method of largest remainders (Hamilton).

    Equal remainders go to the larger source, then by name.
    """
    total = sum(counts.values())
    if total <= size:
        return dict(counts)
    shares = {source: count * size // total for source, count in counts.items()}
    order = sorted(counts, key=lambda source: (-(counts[source] * size % total), -counts[source], source))
    for source in order[: size - sum(shares.values())]:
        shares[source] += 1
    return shares


def source_of(doc_id: str) -> str:
    """The source of a document: its top folder, "" for a file outside of any."""
    return doc_id.partition("/")[0] if "/" in doc_id else ""


def left_out(sources: Iterable[str], kept: Iterable[str]) -> dict[str, int]:
    """How many of `sources` are not among `kept`, per source by name; sources with none are not named."""
    counts: dict[str, int] = defaultdict(int)
    for source in sources:
        counts[source] += 1
    for source in kept:
        counts[source] -= 1
    return {source: count for source, count in sorted(counts.items()) if count}
