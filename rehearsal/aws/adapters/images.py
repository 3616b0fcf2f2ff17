"""ministack's ECR: its repositories, and pushing images into them."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.adapters.reach import reach

_ECR = "ministack.services.ecr"


def repository(name: str) -> dict[str, Any] | None:
    """A repository of the current account and region."""
    found: dict[str, Any] | None = reach(_ECR, "_repositories").get(name)
    return found


def find(repository_name: str, image_id: dict[str, str]) -> dict[str, Any] | None:
    """An image by tag or digest."""
    found: dict[str, Any] | None = reach(_ECR, "_find_image")(repository_name, image_id)
    return found


def push(repository_name: str, tag: str, manifest: str, media_type: str) -> None:
    """Put an image into a repository that exists; its digest is its manifest's."""
    what = {"imageTag": tag, "imageManifest": manifest, "imageManifestMediaType": media_type}
    reach(_ECR, "_put_image")({"repositoryName": repository_name, **what})


for _name in ("_repositories", "_find_image", "_put_image"):
    reach(_ECR, _name)
