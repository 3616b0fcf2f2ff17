"""A Heroku stand-in for strangers, with all web dynos up."""

from tests.unit.rehearsal.heroku.conftest import stage

__all__ = ["stage"]
