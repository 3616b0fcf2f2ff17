"""The Heroku stand-in: Platform API v3, Logplex, and dynos that are real processes behind a real router."""

from rehearsal.heroku.dynos import Tempo
from rehearsal.heroku.standin import HerokuStandIn

__all__ = ["HerokuStandIn", "Tempo"]
