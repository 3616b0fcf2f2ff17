"""Every access to a name that ministack or moto does not promise to keep, and nothing else.

Each file here states at import time which private names it needs (:func:`rehearsal.aws.adapters.reach.reach`); a version
that renamed one fails there, with one sentence, and ``tests/unit/rehearsal/aws/test_adapters.py`` imports them all.
"""
