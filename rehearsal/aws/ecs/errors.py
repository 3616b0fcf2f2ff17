"""What ECS answers when it refuses, and why a task could not start."""

from __future__ import annotations


class EcsError(Exception):
    """An error answer of the API: ``code`` is the exception's name in the API, ``status`` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def client_error(message: str) -> EcsError:
    """A ClientException."""
    return EcsError("ClientException", message)


def invalid(message: str) -> EcsError:
    """An InvalidParameterException."""
    return EcsError("InvalidParameterException", message)


def no_cluster() -> EcsError:
    """The cluster does not exist (or was deleted)."""
    return EcsError("ClusterNotFoundException", "Cluster not found.")


def no_service() -> EcsError:
    """The service does not exist in that cluster."""
    return EcsError("ServiceNotFoundException", "Service not found.")


class StartFailureError(Exception):
    """A task cannot start; the message is the task's ``stoppedReason`` ("CannotPullContainerError: ...")."""
