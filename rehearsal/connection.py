"""Cutting a client's connection: ASGI has no word for it, so the servers are asked by their own names."""

from __future__ import annotations

import socket
import struct
from typing import Any


def cut(send: Any) -> None:
    """Abort the connection that ``send`` writes to, as one does that died: the client gets a reset.

    uvicorn's ``send`` belongs to an object with the connection's transport; hypercorn's to a stream, whose ``send``
    belongs to a protocol, whose ``send`` belongs to the connection.

    Raises:
        AttributeError: the server is neither of the two, or another version of it.
    """
    owner = send.__self__
    transport = owner.transport if hasattr(owner, "transport") else owner.send.__self__.send.__self__.writer.transport
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
