"""The option of modules that go on where a vendor does not answer."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      patience:
        description:
          - Seconds for which to try again where the vendor does not answer, fails, or lets in no more calls.
          - Each try looks first, so that what an earlier one has written is not written again. A dry run tries once.
        type: float
        default: 0.0
    """
