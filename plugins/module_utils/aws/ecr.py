"""ECR's dialect: repositories, and images by tag or digest."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

import httpx
from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Missing, Refused, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.engine.http_door import DoorTransport

_URI = re.compile(r"(?P<registry>[^/]+[.:][^/]*)/(?P<name>.+)")
_ACCOUNT = re.compile(r"\d{12}(?=\.)")
_NAMED = 5
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_ARCHITECTURES = {"amd64": "X86_64", "arm64": "ARM64"}
"""An image's word for an architecture -> that of ECS."""
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Repository:
    """A repository by its name and, where known, its registry."""

    name: str
    uri: str = ""
    account: str = ""

    @staticmethod
    def of(text: str) -> Repository:
        """From the URI that images are pulled from, or from a plain name."""
        found = _URI.fullmatch(text)
        if found is None:
            return Repository(text)
        account = _ACCOUNT.match(found["registry"])
        return Repository(found["name"], text, account[0] if account else "")

    def arguments(self) -> dict[str, str]:
        """Its address in the API's form."""
        registry = {"registryId": self.account} if self.account else {}
        return {"repositoryName": self.name, **registry}


@dataclass(frozen=True)
class Image:
    """An image that is there."""

    digest: str
    tags: tuple[str, ...] = ()
    pushed_at: str = ""
    size: int = 0


class Images:
    """Reads one registry."""

    def __init__(self, region: str, door: Door) -> None:
        self._client, self._door = session.client("ecr", region=region, door=door), door

    def uri_of(self, repository: Repository) -> Optional[str]:
        """Where images are pulled from; None where there is no such repository."""
        if repository.uri:
            return repository.uri
        with spoken(f"image repository {repository.name}"):
            try:
                answer = self._client.describe_repositories(repositoryNames=[repository.name])
            except ClientError as error:
                if code_of(error) == "RepositoryNotFoundException":
                    return None
                raise
        return str(answer["repositories"][0]["repositoryUri"])

    def find(self, repository: Repository, reference: str) -> Optional[Image]:
        """The image with this tag or digest; None where it or its repository is missing."""
        by = "imageDigest" if reference.startswith("sha256:") else "imageTag"
        with spoken(f"image repository {repository.name}"):
            try:
                answer = self._client.describe_images(**repository.arguments(), imageIds=[{by: reference}])
            except ClientError as error:
                if code_of(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
                    return None
                raise
        return next((_image(each) for each in answer["imageDetails"]), None)

    def architectures(self, repository: Repository, digest: str) -> Optional[frozenset[str]]:
        """What an image is built for, in the words of ECS.

        An index names it for each build. A single manifest, as ``docker build`` and ``docker push`` make it, does not:
        it stands in the image's configuration, which ECR gives as it gives layers, by an address of a few minutes.

        Returns:
            Empty where the image does not say, or nobody lets us look; None where it or its repository is missing.
        """
        with spoken(f"image repository {repository.name}"):
            try:
                answer = self._client.batch_get_image(
                    **repository.arguments(),
                    imageIds=[{"imageDigest": digest}],
                    acceptedMediaTypes=[*_INDEXES, *_MANIFESTS],
                )
            except ClientError as error:
                if code_of(error) == "RepositoryNotFoundException":
                    return None
                raise
        if not answer["images"]:
            return None
        manifest = json.loads(answer["images"][0]["imageManifest"])
        if "manifests" in manifest:
            return _named(part.get("platform", {}) for part in manifest["manifests"])
        return _named([self._configuration(repository, manifest.get("config", {}).get("digest", ""))])

    def _configuration(self, repository: Repository, digest: str) -> dict[str, Any]:
        """An image's configuration; empty where it cannot be had. It may hold values of ENV, so it stays inside."""
        try:
            with spoken(f"image repository {repository.name}"):
                given = self._client.get_download_url_for_layer(**repository.arguments(), layerDigest=digest)
            with httpx.Client(
                transport=DoorTransport(self._door, "ECR's store of layers"), timeout=_PATIENCE_S
            ) as store:
                told = store.get(given["downloadUrl"]).raise_for_status().json()
        except (Denied, Missing, Refused, Unreachable, httpx.HTTPError, httpx.InvalidURL, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def all(self, repository: Repository) -> Optional[list[Image]]:
        """All images with a tag, newest first; None where there is no such repository."""
        found = []
        with spoken(f"image repository {repository.name}"):
            try:
                pages = self._client.get_paginator("describe_images").paginate(
                    **repository.arguments(), filter={"tagStatus": "TAGGED"}
                )
                for page in pages:
                    found += [_image(each) for each in page["imageDetails"]]
            except ClientError as error:
                if code_of(error) == "RepositoryNotFoundException":
                    return None
                raise
        return sorted(found, key=lambda image: image.pushed_at, reverse=True)


def suggestion(reference: str, images: list[Image]) -> str:
    """What may have been meant: the nearest tags, and the newest ones. ``images`` are newest first."""
    tags = [tag for image in images for tag in image.tags]
    if not tags:
        return "The repository holds no image with a tag: push one."
    near = difflib.get_close_matches(reference, tags, n=3, cutoff=0.7)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return f"{meant}The newest tags are {', '.join(tags[:_NAMED])}."


def _named(builds: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    names = (build.get("architecture") for build in builds)
    return frozenset(_ARCHITECTURES[name] for name in names if name in _ARCHITECTURES)


def _image(said: dict[str, Any]) -> Image:
    pushed = said.get("imagePushedAt")
    return Image(
        digest=said["imageDigest"],
        tags=tuple(said.get("imageTags", ())),
        pushed_at=pushed.isoformat() if pushed else "",
        size=said.get("imageSizeInBytes", 0),
    )
