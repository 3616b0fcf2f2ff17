"""ECR: the seed's images are in their repository as soon as that exists, and what AWS refuses."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from rehearsal.aws.adapters import images, server
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service
from rehearsal.requestlog import AsgiApp, Receive, Scope, Send
from rehearsal.seed import Behaviour

_NAME = re.compile(r"(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIGURATION = "application/vnd.docker.container.image.v1+json"
_LAYERS = "/layers/"
_USES = (
    "BatchDeleteImage",
    "BatchGetImage",
    "DescribeImageScanFindings",
    "DescribeImages",
    "ListImages",
    "PutImage",
)


@dataclass(frozen=True)
class Build:
    """An image as it is pushed: its manifest, and its configuration where it has one of its own."""

    manifest: str
    media_type: str
    configuration: bytes = b""


class Registry:
    """``service`` is ECR with our additions; ``url`` is where the layers of images are had, as from S3.

    The ``signature`` in its address lets anybody have a layer.
    """

    def __init__(self, seeded: dict[str, dict[str, Behaviour]], url: str, signature: str) -> None:
        self._seeded, self._url = seeded, url
        self._signed = urlencode({"X-Amz-Signature": signature})
        self._layers = {
            digest_of(build.configuration): build.configuration
            for name, tags in seeded.items()
            for tag, behaviour in tags.items()
            if (build := build_of(name, tag, behaviour)).configuration
        }
        self._pushed: set[tuple[str, str, str, str]] = set()
        self.service = Service("ecr")
        self.service.refuses(*_USES)(self._push_seeded)
        self.service.refuses("DescribeImages")(_known_images)
        self.service.refuses("CreateRepository")(_valid_name)
        self.service.own["GetDownloadUrlForLayer"] = self._address

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
                build = build_of(name, tag, behaviour)
                images.push(name, tag, build.manifest, build.media_type)

    def _address(self, parameters: Parameters) -> Parameters:
        """Where a layer is had for some minutes, without credentials."""
        digest = parameters.get("layerDigest", "")
        if digest not in self._layers:
            raise RefusedError("LayersNotFoundException", f"The layers '{digest}' could not be found")
        return {"downloadUrl": f"{self._url}{_LAYERS}{digest}?{self._signed}", "layerDigest": digest}

    def with_layers(self, app: AsgiApp) -> AsgiApp:
        """``app``, beside which the layers are served; S3 is no API of the rehearsal, so they are in no request log."""

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(_LAYERS):
                await app(scope, receive, send)
                return
            status, layer = self._layer(scope["path"].removeprefix(_LAYERS), scope["query_string"].decode())
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": layer})

        return served

    def _layer(self, digest: str, signed: str) -> tuple[int, bytes]:
        if signed != self._signed:
            return 403, b""
        return (200, self._layers[digest]) if digest in self._layers else (404, b"")


def digest_of(content: bytes) -> str:
    """By which a registry names what it holds."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def build_of(repository: str, tag: str, behaviour: Behaviour) -> Build:
    """A seeded image. It depends on what is given alone, and so does its digest."""
    if not behaviour.single:
        return Build(_index(repository, tag, behaviour.platforms), INDEX)
    told = {
        "architecture": behaviour.platforms[0],
        "os": "linux",
        "config": {"Labels": {"image": f"{repository}:{tag}"}},
    }
    configuration = json.dumps(told).encode()
    part = {"mediaType": _CONFIGURATION, "size": len(configuration), "digest": digest_of(configuration)}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": part, "layers": []}
    return Build(json.dumps(manifest, indent=3), MANIFEST, configuration)


def _index(repository: str, tag: str, platforms: Sequence[str]) -> str:
    """As ``docker buildx`` pushes one: a manifest for each platform that the image is built for."""
    builds = [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": 1024,
            "digest": digest_of(f"{repository}:{tag}:{platform}".encode()),
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
