"""The order in which a person reads the blocks of a page (recursive XY-cut: Nagy and Seth, 1984)."""

from typing import Protocol, TypeVar

MIN_GUTTER = 8.0  # points of white between two columns
MAX_DEPTH = 50  # of columns within bands within columns; blocks that lie deeper are in no order


class Placed(Protocol):
    """Something with a box on a page: x0, y0, x1, y1."""

    @property
    def box(self) -> tuple[float, float, float, float]: ...


Item = TypeVar("Item", bound=Placed)


def in_reading_order(items: list[Item], depth: int = 0) -> list[Item]:
    """The items column by column where a white gutter divides them, from top to bottom elsewhere."""
    if len(items) < 2:
        return items
    if depth > MAX_DEPTH:
        return sorted(items, key=lambda item: (round(item.box[1]), item.box[0]))
    columns = cut(items, 0, MIN_GUTTER)
    if len(columns) > 1 and all(len(column) > 1 for column in columns):
        return [item for column in columns for item in in_reading_order(column, depth + 1)]
    bands = merge_bands(cut(items, 1, 0.0))
    if len(bands) > 1:
        return [item for band in bands for item in in_reading_order(band, depth + 1)]
    if len(columns) > 1:
        return [item for column in columns for item in in_reading_order(column, depth + 1)]
    return sorted(items, key=lambda item: (round(item.box[1]), item.box[0]))


def cut(items: list[Item], axis: int, gap: float) -> list[list[Item]]:
    """The items in groups that white of more than `gap` points divides along `axis` (0: x, 1: y)."""
    groups: list[list[Item]] = []
    reach = float("-inf")
    for item in sorted(items, key=lambda item: (item.box[axis], item.box[1 - axis])):
        if item.box[axis] > reach + gap or not groups:
            groups.append([])
        groups[-1].append(item)
        reach = max(reach, item.box[axis + 2])
    return groups


def merge_bands(bands: list[list[Item]]) -> list[list[Item]]:
    """Neighbouring bands put together while one gutter runs through them: rows of the same columns."""
    merged: list[list[Item]] = []
    for band in bands:
        if merged and len(cut(merged[-1], 0, MIN_GUTTER)) > 1:
            both = merged[-1] + band
            if len(cut(both, 0, MIN_GUTTER)) > 1:
                merged[-1] = both
                continue
        merged.append(band)
    return merged
