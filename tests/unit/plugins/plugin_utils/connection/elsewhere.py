"""A host that is not the controller, as far as Ansible can tell: commands run here, by another transport."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: elsewhere
short_description: Runs on the controller under another transport's name
description:
  - What runs by it takes the way of a remote host.
author: The Offramp authors
options:
  become_success_timeout:
    type: int
    default: 10
    description: As for the connection local.
  become_strip_preamble:
    type: bool
    default: true
    description: As for the connection local.
extends_documentation_fragment:
  - connection_pipelining
"""


class Connection(Local):  # type: ignore[misc]  # ansible-core ships no types
    """Ansible finds a connection plugin by this name."""

    transport = "elsewhere"
