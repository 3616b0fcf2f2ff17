"""What AWS says when it says no, as our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.parsers import ResponseParserError

from ansible_collections.offramp.ecs.plugins.module_utils.aws.session import UnreadableError
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    BadInput,
    Denied,
    Missing,
    OfframpError,
    Refused,
    Throttled,
    Unreachable,
)

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_CREDENTIALS_LOST = (
    exceptions.CredentialRetrievalError,
    exceptions.RefreshWithMFAUnsupportedError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
)
_OF_KMS = re.compile(r"\bKMS\b|^(De|En)cryptionFailure")
_LOOK_AROUND = "Check the network, the region and AWS_ENDPOINT_URL, then run again."
_PARAMETER = re.compile(r"parameter(?: in input)?:? \"?([A-Za-z][\w.\[\]]*)")
_MISSING = ("NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException")


@contextmanager
def spoken(target: str) -> Iterator[None]:
    """Turn botocore's exceptions into ours, about ``target`` ("stack offramp-staging-platform").

    Raises:
        OfframpError: the member of the tree that fits.
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise of_client_error(error, target) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.ProfileNotFound) as error:
        raise Denied(
            f"No AWS credentials were found for {target}.",
            target=target,
            hint="Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a role.",
        ) from error
    except _CREDENTIALS_LOST as error:
        raise Denied(
            f"The AWS credentials for {target} could not be fetched ({type(error).__name__}).",
            target=target,
            hint="Log in again (aws sso login), or check where the credentials come from.",
        ) from error
    except (exceptions.HTTPClientError, exceptions.EndpointConnectionError) as error:
        raise Unreachable(
            f"AWS does not answer for {target} ({type(error).__name__}).", target=target, hint=_LOOK_AROUND
        ) from error
    except (ResponseParserError, UnreadableError) as error:
        raise Unreachable(
            f"What answers for {target} does not answer as AWS does.", target=target, hint=_LOOK_AROUND
        ) from error
    except exceptions.ParamValidationError as error:
        names = ", ".join(sorted(set(_PARAMETER.findall(str(error)))))
        raise BadInput(  # without the values, which may be secret
            f"AWS does not take the arguments about {target} (see {names}).", target=target, hint="Correct them."
        ) from error


def code_of(error: exceptions.ClientError) -> str:
    """AWS's error code ("AccessDeniedException")."""
    return str(error.response.get("Error", {}).get("Code", ""))


def of_client_error(error: exceptions.ClientError, target: str) -> OfframpError:
    """The member of our tree for an AWS error code."""
    code = code_of(error)
    said = str(error.response.get("Error", {}).get("Message", "")).strip().rstrip(".")
    operation = error.operation_name
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        hint = "Run again in some minutes."
        return Unreachable(f"AWS failed at {operation} on {target}: {said or code}.", target=target, hint=hint)
    if code in _DENIED:
        hint = f"Check the credentials, and that their policy allows {operation}."
        if _OF_KMS.search(said):
            hint = "Allow kms:Decrypt and kms:GenerateDataKey with the KMS key, in the policy and in the key's own."
        return Denied(f"AWS refused {operation} on {target}: {said or code}.", target=target, hint=hint)
    if code in _THROTTLED:
        hint = "Run again in some minutes."
        return Throttled(f"AWS throttled {operation} on {target}: {said or code}.", target=target, hint=hint)
    if code.endswith(_MISSING):
        return Missing(f"AWS has no {target} ({operation}: {said or code}).", target=target)
    of_kms = _OF_KMS.search(code) or _OF_KMS.search(said)
    hint = "Check that the KMS key is enabled and not about to be deleted." if of_kms else ""
    return Refused(f"AWS refused {operation} on {target}: {said or code}.", target=target, hint=hint)
