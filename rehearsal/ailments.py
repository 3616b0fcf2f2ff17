"""What ails a world's platforms at the moment: an order to a running world, from ``rehearsal ail`` or a test.

Faults (:mod:`rehearsal.faults`) strike calls of APIs; ailments strike the visitors' requests, and what is measured of
them. An order names all that ails from then on: what it leaves out is well again. Like faults they are no part of the
world's state, and a restored world is well.
"""

from __future__ import annotations

from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rehearsal.seed import Seconds, Share


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ailment(_Part):
    """How a platform answers requests, those for the health path excepted, beside how its builds behave."""

    errors: Share = 0.0
    """The share of requests answered with 500 in the app's place."""
    delay: Seconds = 0.0
    """Added to each answer."""
    above: Annotated[float, Field(ge=0)] = 0.0
    """Requests a second up to which it answers well all the same: an app beyond what it can carry."""


class AwsAilment(Ailment):
    """How AWS fares. ``dead``: nothing listens behind any address, for health checks neither."""

    dead: bool = False


class MetricsAilment(_Part):
    """How CloudWatch fares: data points of load balancers come ``late``, or, where it is ``silent``, never."""

    late: Seconds = 0.0
    silent: bool = False


class Ailments(_Part):
    """All that ails."""

    aws: AwsAilment = AwsAilment()
    heroku: Ailment = Ailment()
    cloudwatch: MetricsAilment = MetricsAilment()


WELL = Ailments()


class AilmentError(ValueError):
    """There is no such ailment; the message says what, and where."""


def read_ailments(text: str) -> Ailments:
    """Ailments as YAML.

    Raises:
        AilmentError: it is not YAML, or names what there is not.
    """
    try:
        return Ailments.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise AilmentError(f"The ailments are not YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise AilmentError(f"The ailments have a mistake at {where}: {first['msg']}.") from error
