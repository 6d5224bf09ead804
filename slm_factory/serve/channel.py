"""What server and worker say to each other over a socket: frames of a request's number, a kind, and bytes."""

import struct
from enum import IntEnum

HEADER = struct.Struct("<IBI")  # number of the request, kind, how many bytes follow

Frame = tuple[int, int, bytes]


class Kind(IntEnum):
    """What a frame says."""

    READY = 0  # worker: the model is loaded
    FAILED = 1  # worker: it cannot be; problem and hint as JSON
    CHAT = 2  # server: a chat completion in JSON
    PROMPT = 3  # server: a completion in JSON
    STOP = 4  # server: nobody wants the rest
    EVENT = 5  # worker: one event of a reply, as llama.cpp wrote it
    END = 6  # worker: it was the last


def pack(number: int, kind: Kind, content: bytes = b"") -> bytes:
    """One frame."""
    return HEADER.pack(number, kind, len(content)) + content


class Frames:
    """The frames in a stream of bytes, which arrives in parts of any size."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def read(self, part: bytes) -> list[Frame]:
        """The frames that are complete with `part`."""
        self.rest += part
        frames, begin = [], 0
        while len(self.rest) >= begin + HEADER.size:
            number, kind, size = HEADER.unpack_from(self.rest, begin)
            content, end = begin + HEADER.size, begin + HEADER.size + size
            if len(self.rest) < end:
                break
            frames.append((number, kind, bytes(self.rest[content:end])))
            begin = end
        del self.rest[:begin]
        return frames
