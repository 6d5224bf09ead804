"""Texts that nearly repeat each other, found without comparing all with all.

MinHash signatures in bands (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4)
propose pairs; the exact Jaccard similarity of their trigrams decides.
"""

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from slm_factory.core.matching import loose, trigrams

PERMUTATIONS = 128
SEED = 1
BYTES = 4  # of one integer of a signature
# In a bucket of thousands, which forms around a template, each text meets its latest neighbours only.
NEIGHBOURS = 30
SURE = 0.95  # of the pairs at the threshold that the bands must propose


def near_duplicates(
    texts: Sequence[str], threshold: float, may_repeat: Callable[[int, int], bool] | None = None
) -> Iterator[tuple[int, int]]:
    """Positions (earlier, later) of texts whose trigrams have a Jaccard similarity of `threshold` or more.

    Compared in loose form: case, spaces, punctuation and Korean particles do not count. Ordered by `later`.
    Of the pairs right at the threshold one in twenty may be missed, of more similar ones fewer. `may_repeat`
    spares pairs the comparison that can be ruled out by something cheaper.
    """
    sets = [trigrams(loose(text)) for text in texts]
    rows = band_rows(threshold)
    buckets: defaultdict[bytes, list[int]] = defaultdict(list)
    for later, signature in enumerate(signatures(sets)):
        candidates: set[int] = set()
        for start in range(0, PERMUTATIONS - rows + 1, rows):
            bucket = buckets[bytes((start // rows,)) + signature[BYTES * start : BYTES * (start + rows)]]
            candidates.update(bucket[-NEIGHBOURS:])
            bucket.append(later)
        for earlier in sorted(candidates):
            if may_repeat is not None and not may_repeat(earlier, later):
                continue
            if jaccard(sets[earlier], sets[later]) >= threshold:
                yield earlier, later


def signatures(sets: Sequence[frozenset[str]]) -> Iterator[bytes]:
    """The MinHash signature of each set: 128 integers of 32 bits."""
    from datasketch import MinHash

    scheme: Literal["affine32"] = "affine32"
    permutations = MinHash(PERMUTATIONS, SEED, scheme=scheme).permutations
    for grams in sets:
        sketch = MinHash(PERMUTATIONS, hashfunc=zlib.crc32, permutations=permutations, scheme=scheme)
        sketch.update_batch([gram.encode() for gram in grams])
        yield sketch.hashvalues.astype("<u4").tobytes()


def band_rows(threshold: float) -> int:
    """The longest band, in rows, with which a pair at the threshold is still found with probability
    `SURE`."""
    rows = 1
    while rows < PERMUTATIONS and 1 - (1 - threshold ** (rows + 1)) ** (PERMUTATIONS // (rows + 1)) >= SURE:
        rows += 1
    return rows


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """The Jaccard similarity of two sets that are not empty."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
