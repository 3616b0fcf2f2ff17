"""Parameter Store's dialect, as far as a lock needs it: a text under a name, with a count of its writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

_ABSENT = ("ParameterNotFound", "ParameterVersionNotFound")


@dataclass(frozen=True)
class Parameter:
    """A text, and the version that it is of its name: 1 for the first write since the name was made, then 2, ..."""

    text: str
    version: int


class Parameters:
    """Texts in one region, through the door. ``moment`` is when the last answer was given, by AWS's clock."""

    def __init__(self, region: str, door: Door) -> None:
        self._client = session.client("ssm", region=region, door=door)
        self.moment = 0.0

    def read(self, name: str, version: int = 0) -> Optional[Parameter]:
        """The text of a name, or one of its last hundred versions; None where there is none."""
        asked = f"{name}:{version}" if version else name
        answer = self._asked(name, lambda: self._client.get_parameter(Name=asked), _ABSENT)
        return Parameter(answer["Parameter"]["Value"], answer["Parameter"]["Version"]) if answer else None

    def create(self, name: str, text: str) -> bool:
        """Give a name its first text; False where it has one already. Of two that try at once, one succeeds."""

        def put() -> Any:
            return self._client.put_parameter(Name=name, Value=text, Type="String", Overwrite=False)

        return self._asked(name, put, ("ParameterAlreadyExists",)) is not None

    def replace(self, name: str, text: str) -> int:
        """Give a name another text, whether or not it has one; the version that this made. No two get the same."""

        def put() -> Any:
            return self._client.put_parameter(Name=name, Value=text, Type="String", Overwrite=True)

        return int(self._asked(name, put, ())["Version"])

    def delete(self, name: str) -> None:
        """Let a name be gone, if it is not already."""
        self._asked(name, lambda: self._client.delete_parameter(Name=name), _ABSENT)

    def _asked(self, name: str, call: Callable[[], Any], expected: tuple[str, ...]) -> Any:
        """The answer; None where it is an error whose code is expected."""
        with spoken(f"parameter {name}"):
            try:
                answer = call()
            except ClientError as error:
                if code_of(error) not in expected:
                    raise
                self.moment = session.moment_of(error.response)
                return None
        self.moment = session.moment_of(answer)
        return answer
