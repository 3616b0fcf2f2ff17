"""The AWS stand-in (see ``standin``), built on ministack and parts of moto (see ``adapters``)."""

from rehearsal.aws.standin import AwsStandIn

__all__ = ["AwsStandIn"]
