"""Mutations of HWP 5 files: the records in the deflated streams of a compound file."""

import io
import random
import struct
import zlib
from collections.abc import Sequence
from functools import cache

import olefile
from hwpx.hwp5.cfb import build_compound_file

from bench.fuzz.values import mutate_bytes


def mutate_compound(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The file with one stream changed, removed or in another's place; sometimes its sectors as bytes."""
    choice = random_.random()
    if choice < 0.15:
        return mutate_bytes(data, others, random_)
    streams = dict(read_streams(data))
    name, other = random_.choice(list(streams)), random_.choice(list(streams))
    packed = streams[name]
    if choice < 0.2:
        streams[name] = streams[other]
    elif choice < 0.25:
        del streams[name]
    elif choice < 0.35 or (body := inflate(packed)) is None:
        streams[name] = mutate_bytes(packed or b"x", list(streams.values()), random_)
    else:
        changed = mutate_records(body, random_) if choice < 0.85 else mutate_bytes(body, [body], random_)
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        streams[name] = packer.compress(changed) + packer.flush()
    return build_compound_file(list(streams.items()))


@cache
def read_streams(data: bytes) -> dict[str, bytes]:
    """The streams of a compound file by path."""
    with olefile.OleFileIO(io.BytesIO(data)) as compound:
        return {"/".join(entry): compound.openstream(entry).read() for entry in compound.listdir()}


@cache
def inflate(packed: bytes) -> bytes | None:
    """What a raw deflate stream holds; None of anything else."""
    try:
        return zlib.decompress(packed, -zlib.MAX_WBITS)
    except zlib.error:
        return None


def mutate_records(data: bytes, random_: random.Random) -> bytes:
    """HWP records (32 bits: tag 10, level 10, size 12) with one changed, removed, repeated or moved."""
    records = []
    position = 0
    while position + 4 <= len(data):
        size = struct.unpack_from("<I", data, position)[0] >> 20
        head = 8 if size == 0xFFF and position + 8 <= len(data) else 4
        size = struct.unpack_from("<I", data, position + 4)[0] if head == 8 else size
        records.append(bytearray(data[position : position + head + size]))
        position += head + size
    for _ in range(random_.choice((1, 1, 3))):
        if not records:
            break
        place = random_.randrange(len(records))
        choice = random_.random()
        if choice < 0.2:
            del records[place]
        elif choice < 0.35:
            records[place:place] = [bytearray(records[place])] * random_.choice((1, 2, 300))
        elif choice < 0.5:
            records.insert(random_.randrange(len(records)), records.pop(place))
        elif choice < 0.7:
            tag, level, size = random_.randrange(0x40, 0x60), random_.randrange(1024), random_.randrange(4096)
            old = struct.unpack_from("<I", records[place])[0]
            new = random_.choice(
                (old & ~0x3FF | tag, old & ~(0x3FF << 10) | level << 10, old & 0xFFFFF | size << 20)
            )
            struct.pack_into("<I", records[place], 0, new)
        else:
            records[place] = records[place][:4] + mutate_bytes(
                bytes(records[place][4:]) or b"\0", [b"\0"], random_
            )
    return b"".join(records)
