"""References to images in ECR, and why one cannot be pulled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.ecs.errors import StartFailureError
from rehearsal.seed import Behaviour

_ECR = re.compile(
    r"(\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/([a-z0-9._/-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]+))?"
)


@dataclass(frozen=True)
class EcrReference:
    """``ACCOUNT.dkr.ecr.REGION.amazonaws.com/repository[:tag][@digest]``."""

    account: str
    repository: str
    tag: str | None
    digest: str | None

    @staticmethod
    def parse(reference: str) -> EcrReference | None:
        """Read a reference; None where it is not one to ECR."""
        found = _ECR.fullmatch(reference)
        return found and EcrReference(*found.groups())

    @property
    def image_id(self) -> dict[str, str]:
        """As the ECR API names the image: the digest wins, the default tag is "latest"."""
        return {"imageDigest": self.digest} if self.digest else {"imageTag": self.tag or "latest"}


def behaviour_of(tags: Mapping[str, Behaviour], reference: EcrReference, detail: Mapping[str, Any]) -> Behaviour:
    """How an image behaves: as the seed says of the tag asked for, or of any tag that the image has."""
    asked = [reference.tag] if reference.tag else []
    known = [tag for tag in (*asked, *detail.get("imageTags", [])) if tag in tags]
    return tags[known[0]] if known else Behaviour()


def cannot_pull(reference: str, ecr: EcrReference, code: str) -> StartFailureError:
    """The failure where ECR has no such image (or no such repository)."""
    host = reference.split("/", 1)[0]
    missing = f"{reference.split('@')[0]}: not found"
    if code == "RepositoryNotFoundException":
        missing = (
            f"unexpected status from HEAD request to https://{host}/v2/{ecr.repository}/manifests/"
            f"{ecr.digest or ecr.tag or 'latest'}: 404 Not Found: name unknown: The repository with name "
            f"'{ecr.repository}' does not exist in the registry with id '{ecr.account}'"
        )
    return StartFailureError(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
        f"{reference}: {missing}"
    )
