"""The seed's images are in their repositories, and unknown ones are refused as by AWS."""

import json
from typing import Any

import httpx
import pytest

from rehearsal.seed import Aws, Behaviour, Seed
from tests.unit.rehearsal.aws.refusals import refusal


@pytest.fixture(scope="module")
def seed() -> Seed:
    images = {"v1": Behaviour(), "v2": Behaviour(errors=0.5)}
    plain = {"v3": Behaviour(single=True)}
    return Seed(aws=Aws(images={"bond/api": {**images, **plain}, "bond/late": images}), signature="by-the-test")


@pytest.fixture(scope="module")
def ecr(client: Any) -> Any:
    made = client("ecr")
    made.create_repository(repositoryName="bond/api", imageTagMutability="IMMUTABLE")
    return made


def test_seeded_images_are_there_by_tag_and_by_digest(ecr: Any) -> None:
    by_tag = ecr.describe_images(repositoryName="bond/api", imageIds=[{"imageTag": "v2"}])["imageDetails"][0]
    digest = by_tag["imageDigest"]
    assert digest.startswith("sha256:")
    by_digest = ecr.describe_images(repositoryName="bond/api", imageIds=[{"imageDigest": digest}])["imageDetails"][0]
    assert by_digest["imageTags"] == ["v2"]
    assert {tag for each in ecr.list_images(repositoryName="bond/api")["imageIds"] for tag in [each["imageTag"]]} == {
        "v1",
        "v2",
        "v3",
    }


def test_a_layer_is_had_by_an_address_that_is_signed_and_by_no_other(ecr: Any) -> None:
    (image,) = ecr.batch_get_image(repositoryName="bond/api", imageIds=[{"imageTag": "v3"}])["images"]
    digest = json.loads(image["imageManifest"])["config"]["digest"]
    address = ecr.get_download_url_for_layer(repositoryName="bond/api", layerDigest=digest)["downloadUrl"]
    assert httpx.get(address).json()["architecture"] == "amd64"
    assert httpx.get(address.replace("by-the-test", "by-nobody")).status_code == 403
    assert httpx.get(address.replace(digest, "sha256:0")).status_code == 404


def test_an_unknown_image_is_an_error(ecr: Any) -> None:
    unknown = {"repositoryName": "bond/api", "imageIds": [{"imageTag": "v42"}]}
    assert refusal(ecr.describe_images, **unknown) == "ImageNotFoundException"
    nowhere = {"repositoryName": "bond/web", "imageIds": [{"imageTag": "v1"}]}
    assert refusal(ecr.describe_images, **nowhere) == "RepositoryNotFoundException"


def test_repositories_that_aws_refuses(ecr: Any) -> None:
    assert refusal(ecr.create_repository, repositoryName="bond/api") == "RepositoryAlreadyExistsException"
    assert refusal(ecr.create_repository, repositoryName="Bond_API") == "InvalidParameterException"


def test_a_deleted_image_stays_away(ecr: Any) -> None:
    ecr.batch_delete_image(repositoryName="bond/api", imageIds=[{"imageTag": "v1"}])
    gone = {"repositoryName": "bond/api", "imageIds": [{"imageTag": "v1"}]}
    assert refusal(ecr.describe_images, **gone) == "ImageNotFoundException"


def test_other_regions_have_no_images(client: Any) -> None:
    assert client("ecr", region="eu-north-1").describe_repositories()["repositories"] == []


def test_seeded_images_are_there_again_after_a_restore_to_before_they_were_asked_for(client: Any, aws: Any) -> None:
    client("ecr").create_repository(repositoryName="bond/late")
    kept = aws.snapshot()
    for _ in range(2):
        assert client("ecr").describe_images(repositoryName="bond/late")["imageDetails"]
        aws.restore(kept)
