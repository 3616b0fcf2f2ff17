"""The names of what a world leaves in its home folder."""

from __future__ import annotations

REQUESTS = "requests.jsonl"
"""The request log, see :mod:`rehearsal.requestlog`."""
VISITORS = "visitors.jsonl"
"""The visitors' reports, one line a second, see :mod:`rehearsal.visits`."""
NAMES = "names.json"
"""Which names answer where: DNS name -> port -> real port on 127.0.0.1."""
CONTROL = "control.json"
"""Where a running world listens for orders, see :mod:`rehearsal.control`."""
CHAOS = "chaos.json"
"""What ``rehearsal chaos`` found, see :mod:`rehearsal.chaos`; the outputs of its runs are in the folder ``chaos``."""
