"""Every access to a name that ministack or moto does not promise to keep, and nothing else.

Each file here looks its private names up by :func:`rehearsal.aws.adapters.reach.reach`, those of plain functions and
tables at import time; a version that renamed one fails with one sentence that says so, and
``tests/unit/rehearsal/aws/test_adapters.py`` imports them all.
"""
