"""What AWS says when it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refusal(call: Callable[..., Any], **parameters: Any) -> str:
    """The error code of a call that is refused."""
    return refused(call, **parameters)[0]


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str, int]:
    """Error code, message and HTTP status of a call that is refused."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    response = error.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]
