"""ECR: the seed's images are in their repository as soon as that exists, and what AWS refuses."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

from rehearsal.aws.adapters import images, server
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service
from rehearsal.seed import PLATFORMS, Behaviour

_NAME = re.compile(r"(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
INDEX = "application/vnd.oci.image.index.v1+json"
_USES = (
    "BatchDeleteImage",
    "BatchGetImage",
    "DescribeImageScanFindings",
    "DescribeImages",
    "ListImages",
    "PutImage",
)


class Registry:
    """``service`` is ECR with our additions."""

    def __init__(self, seeded: dict[str, dict[str, Behaviour]]) -> None:
        self._seeded = seeded
        self._pushed: set[tuple[str, str, str, str]] = set()
        self.service = Service("ecr")
        self.service.refuses(*_USES)(self._push_seeded)
        self.service.refuses("DescribeImages")(_known_images)
        self.service.refuses("CreateRepository")(_valid_name)

    def snapshot(self) -> set[tuple[str, str, str, str]]:
        """What was pushed, for :meth:`restore`."""
        return set(self._pushed)

    def restore(self, pushed: set[tuple[str, str, str, str]]) -> None:
        """Let so much have been pushed; the images themselves are in ministack's tables."""
        self._pushed = set(pushed)

    def _push_seeded(self, parameters: Parameters) -> None:
        """Push what the seed says was pushed, once in the life of a repository: a deleted image stays away."""
        name = parameters.get("repositoryName", "")
        repository = images.repository(name)
        if repository is None:
            return
        life = (server.current_region(), name, str(repository["createdAt"]))
        for tag, behaviour in self._seeded.get(name, {}).items():
            if (*life, tag) not in self._pushed:
                self._pushed.add((*life, tag))
                images.push(name, tag, manifest_of(name, tag, behaviour.platforms), INDEX)


def manifest_of(repository: str, tag: str, platforms: Sequence[str] = PLATFORMS) -> str:
    """The index of a seeded image, as ``docker buildx`` pushes one: a manifest for each platform that it is built for.

    It depends on what is given alone, and so does its digest.
    """
    builds = [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": 1024,
            "digest": f"sha256:{hashlib.sha256(f'{repository}:{tag}:{platform}'.encode()).hexdigest()}",
            "platform": {"architecture": platform, "os": "linux"},
        }
        for platform in platforms
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": builds}, indent=3)


def _known_images(parameters: Parameters) -> None:
    """AWS fails the whole DescribeImages for one unknown image; of an unknown repository the service itself tells."""
    name = parameters.get("repositoryName", "")
    if images.repository(name) is None:
        return
    for image in parameters.get("imageIds", []):
        if images.find(name, image) is None:
            wanted = ", ".join(f"{key}:'{image.get(key, 'null')}'" for key in ("imageDigest", "imageTag"))
            raise RefusedError(
                "ImageNotFoundException",
                f"The image with imageId {{{wanted}}} does not exist within the repository with name '{name}' in the "
                f"registry with id '{server.current_account()}'",
            )


def _valid_name(parameters: Parameters) -> None:
    name = parameters["repositoryName"]
    if not _NAME.fullmatch(name):
        raise RefusedError(
            "InvalidParameterException",
            f"Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression "
            f"'(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'' (given: '{name}')",
        )
