"""What a case is: one YAML file, see docs/rehearsal.md. A mistake in one is a sentence, and no case runs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from rehearsal.ailments import Ailments
from rehearsal.faults import Rule

FOLDER = Path(__file__).parent / "cases"
STATES = Path(__file__).parent / "states.yml"
FRESH = "fresh"
"""A world as it comes up."""
Kind = Literal["release", "shift"]
KINDS: tuple[Kind, ...] = ("release", "shift")


class CaseError(ValueError):
    """A file cannot be used; the message says what, where and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Moment(_Part):
    """When something happens: so many seconds after the case began, after a call of the collection's was answered, or
    after AWS got so much of the traffic."""

    call: str | None = None
    """The operation, as the request log has it."""
    nth: Annotated[int, Field(ge=1)] = 1
    share: Annotated[int, Field(ge=1, le=100)] | None = None
    """Percent of the weights."""
    seconds: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _names_one_thing(self) -> Moment:
        if self.call is not None and self.share is not None:
            raise ValueError("a moment is that of a call or of a share")
        return self


class Deed(_Part):
    """What somebody or something else does: exactly one thing."""

    kill_task: str | None = None
    """SIGKILL for a task of this service."""
    ail: Ailments | None = None
    faults: list[Rule] | None = None
    """In force from then on, in place of those before; none ends them."""
    scale: dict[str, int] | None = None
    """Service -> tasks, by a stranger's UpdateService."""
    weights: int | None = None
    """Percent for AWS, by hand in Cloudflare's dashboard."""
    config: dict[str, str | None] | None = None
    """Config vars that are set at Heroku, or removed."""
    delete_image: str | None = None
    """A tag of the app's repository."""
    delete_secret: str | None = None
    register_key: str | None = None
    """A revision of the web process by hand, with this key of the secret beside the others."""

    @model_validator(mode="after")
    def _is_one(self) -> Deed:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"do is exactly one of {', '.join(type(self).model_fields)}")
        return self


class Event(_Part):
    """A deed at a moment."""

    at: Moment
    do: Deed


class Windows(_Part):
    """How much was judged by the last verdict: ``most`` windows ``of`` so many seconds."""

    most: int
    of: float


class Run(_Part):
    """One run of ansible-playbook and how it is to end.

    A run without ``at`` begins when the one before it has ended; one with ``at`` begins then, beside the others.
    """

    command: str
    """The playbook and its options."""
    at: Moment | None = None
    faults: list[Rule] = []
    """While it lasts; one of them must strike."""
    ends: Literal["well", "failed", "killed"]
    verdict: str | None = None
    """The last one of a rollout or of the traffic in its ledger."""
    says: list[str] = []
    """Words of its sentences, which name the failure and what to do."""
    windows: Windows | None = None
    changes: list[str] | None = None
    """Verbs and targets of all its changes, in their order."""

    @model_validator(mode="after")
    def _says_why(self) -> Run:
        if self.ends == "failed" and not self.says:
            raise ValueError("a run that fails says why: give some words of it in says")
        return self

    @property
    def words(self) -> list[str]:
        """As ansible-playbook takes it."""
        return shlex.split(self.command)


class Serving(_Part):
    """What a service runs at the end: an image by its tag, and how many tasks."""

    image: str | None = None
    tasks: int


class Final(_Part):
    """The world at the end. Whatever is said of it, no deployment is under way and no lock is left."""

    web: Serving | None = None
    worker: Serving | None = None
    share: int | None = None
    """Percent of the traffic that AWS gets."""
    differ: list[str] | None = None
    """Config keys that AWS runs with other values than Heroku has now."""
    served_by: Literal["heroku", "aws"] | None = None
    """The side that serves every visitor from the second after the last write of weights on."""

    @model_validator(mode="after")
    def _says_something(self) -> Final:
        if not self.model_fields_set:
            raise ValueError("ends says nothing of the world")
        return self


class Failures(_Part):
    """How many requests of visitors may fail, and why any may."""

    most: Annotated[int, Field(ge=1)]
    because: Annotated[str, Field(min_length=20)]


class Case(_Part):
    """One case."""

    title: str
    given: str
    """A state of states.yml."""
    needs: str | None = None
    """What is not built yet, so that the case is told as "not yet"."""
    rate: Annotated[float, Field(ge=100)] = 100.0
    """Visitors a second."""
    runs: Annotated[list[Run], Field(min_length=1)]
    meanwhile: list[Event] = []
    ends: Final
    failed: Failures | None = None

    @model_validator(mode="after")
    def _begins(self) -> Case:
        if self.runs[0].at is not None:
            raise ValueError("the first run has no moment: it is the beginning")
        return self


class State(_Part):
    """A prepared state: ``by`` are commands of ansible-playbook and deeds, done in turn ``after`` another state."""

    after: str = FRESH
    by: list[str | Deed]


def load_case(path: Path) -> Case:
    """Read a case.

    Raises:
        CaseError: it is not YAML, holds what no case has, or asserts nothing.
    """
    return _read(path, TypeAdapter(Case))


def load_states(path: Path = STATES) -> dict[str, State]:
    """Read the prepared states by name.

    Raises:
        CaseError: as :func:`load_case`; or a state is made after one that is not there.
    """
    states = _read(path, TypeAdapter(dict[str, State]))
    if strays := sorted({state.after for state in states.values()} - {FRESH, *states}):
        raise CaseError(f"{path.name}: there is no state {', '.join(strays)} to begin with.")
    return states


def load_cases(folder: Path = FOLDER, states: Sequence[str] | None = None) -> dict[str, Case]:
    """All cases below a folder as "kind/name", in the order of their names.

    Raises:
        CaseError: one of them cannot be used, or begins in a state that is not there.
    """
    known = {FRESH, *(load_states() if states is None else states)}
    cases = {}
    for path in sorted(folder.glob("*/*.yml")):
        if path.parent.name not in KINDS:
            raise CaseError(f"{path.parent.name}/{path.name}: cases are of {' or '.join(KINDS)}.")
        case = load_case(path)
        if case.given not in known:
            raise CaseError(f"{path.name}: there is no state '{case.given}'. There are {', '.join(sorted(known))}.")
        cases[f"{path.parent.name}/{path.stem}"] = case
    return cases


def _read[T](path: Path, adapter: TypeAdapter[T]) -> T:
    try:
        return adapter.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise CaseError(f"{path.name} is not YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise CaseError(f"{path.name} has a mistake at {where}: {first['msg']}.") from error
