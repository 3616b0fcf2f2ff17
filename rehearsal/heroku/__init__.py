"""The Heroku stand-in: Platform API v3, Logplex, and dynos that are real processes behind a real router.

What it is not: there are no builds (all releases of an app run the same demo app, only their config vars differ), no
one-off dynos, no teams, spaces and pipelines, and no daily restart of dynos. An app, an add-on or a domain cannot be
made or deleted. What is asked for and not there is answered with 501.
"""

from rehearsal.heroku.dynos import Tempo
from rehearsal.heroku.standin import HerokuStandIn

__all__ = ["HerokuStandIn", "Tempo"]
