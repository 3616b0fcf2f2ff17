"""The matrix: what is run, in this order, in one world. What a later step needs an earlier one has made."""

from __future__ import annotations

from tests.leaks import meddler
from tests.leaks.canaries import TELLTALE, TELLTALE_TASK, new_value
from tests.leaks.place import Meddling, Place, Step

ORDINARY = ("-e", "ansible_connection=elsewhere")
"""Modules run as AnsiballZ files, as on any other host."""
IN_JSON = {"ANSIBLE_STDOUT_CALLBACK": "everything"}
AS_JSON = '{"result": {"'
"""How the lines of that callback begin that show a result."""
HEROKU, AWS, CLOUDFLARE = "HEROKU_API_URL", "AWS_ENDPOINT_URL", "CLOUDFLARE_BASE_URL"
CREATE = (
    "    api.secrets.put(have.name,",
    "    raise RuntimeError(repr(dict(have.wanted)))\n    api.secrets.put(have.name,",
)
COMPARE = (
    "    secrets.check_content(want.name, have.wanted, have.secret.arn)",
    "    raise KeyError(str(dict(have.wanted)))",
)
COPY = ("playbooks/copy.yml",)
SURVEY = ("playbooks/survey.yml",)


def _change_a_value(place: Place) -> None:
    place.rotate("CANARY_TOKEN", new_value())


FAILED_COPIES = (
    Step(
        "copy: a module dies with the values in its hands",
        COPY,
        says=("an error it does not know: RuntimeError",),
        fails=True,
        sabotage=CREATE,
    ),
    Step(
        "copy: the same, run the ordinary way",
        (*COPY, *ORDINARY),
        says=("an error it does not know: KeyError", "AnsiballZ"),
        fails=True,
        sabotage=COMPARE,
    ),
    Step(
        "copy: AWS refuses the write and quotes it",
        COPY,
        says=("AWS refused PutSecretValue",),
        fails=True,
        meddling=Meddling(AWS, meddler.refusal, "secretsmanager.PutSecretValue"),
    ),
    Step(
        "copy: AWS refuses and quotes the credentials",
        (*COPY, *ORDINARY),
        says=("AWS refused PutSecretValue",),
        fails=True,
        meddling=Meddling(AWS, meddler.short_refusal, "secretsmanager.PutSecretValue"),
    ),
)
FAILED_READS = (
    Step(
        "copy: a broken gateway shows Heroku's answer",
        COPY,
        says=("Heroku at",),
        fails=True,
        meddling=Meddling(HEROKU, meddler.debug_page, "/config-vars"),
    ),
    Step(
        "copy: the same as success",
        (*COPY, *ORDINARY),
        says=("something that is not JSON",),
        fails=True,
        meddling=Meddling(HEROKU, meddler.page_in_place, "/config-vars"),
    ),
    Step(
        "copy: Heroku's answer ends half-way",
        COPY,
        says=("something that is not JSON", AS_JSON),
        fails=True,
        environment=IN_JSON,
        meddling=Meddling(HEROKU, meddler.cut, "/config-vars"),
    ),
    Step(
        "copy: Heroku refuses and quotes",
        COPY,
        says=("Heroku found GET",),
        fails=True,
        meddling=Meddling(HEROKU, meddler.telling_refusal, "/config-vars"),
    ),
    Step(
        "survey: Heroku refuses and quotes the token",
        SURVEY,
        says=("Heroku found GET",),
        fails=True,
        meddling=Meddling(HEROKU, meddler.short_refusal, "/apps/"),
    ),
    Step(
        "survey: Cloudflare refuses and quotes the token",
        SURVEY,
        says=("Cloudflare refused",),
        fails=True,
        meddling=Meddling(CLOUDFLARE, meddler.short_refusal),
    ),
    Step(
        "survey: AWS refuses and quotes the session token",
        (*SURVEY, *ORDINARY),
        says=("AWS refused",),
        fails=True,
        meddling=Meddling(AWS, meddler.short_refusal),
    ),
    Step(
        "copy: Heroku fails",
        COPY,
        says=("answered GET",),
        fails=True,
        faults=({"service": "heroku", "operation": "GET /apps/{app}/config-vars", "times": 9, "answer": 500},),
    ),
)
FAILED_LOGS = (
    Step(
        "survey: Heroku's log fails",
        SURVEY,
        says=("Heroku's log",),
        fails=True,
        faults=({"service": "heroku", "operation": "GET /streams/{token}", "times": 9, "answer": 500},),
    ),
    Step(
        "survey: Heroku's log breaks off, the ordinary way",
        (*SURVEY, *ORDINARY),
        says=("Heroku's log",),
        fails=True,
        faults=({"service": "heroku", "operation": "GET /streams/{token}", "times": 9, "answer": "reset"},),
    ),
)
COPIES = (
    Step("copy, dry", (*COPY, "--check"), says=("keys to copy",), environment={"ANSIBLE_DEBUG": "1"}),
    Step(
        "copy, killed in the middle",
        COPY,
        fails=True,
        faults=({"service": "aws", "operation": "PutSecretValue", "kill": "all"},),
    ),
    Step("copy", COPY, says=("keys copied", AS_JSON), environment=IN_JSON),
    Step(
        "copy: AWS shows the secret in a refusal",
        COPY,
        says=("AWS refused GetSecretValue",),
        fails=True,
        meddling=Meddling(AWS, meddler.telling_refusal, "secretsmanager.GetSecretValue"),
    ),
    Step(
        "copy: AWS shows the secret half",
        COPY,
        fails=True,
        meddling=Meddling(AWS, meddler.cut, "secretsmanager.GetSecretValue"),
    ),
    Step(
        "copy a new value, killed in the middle, the ordinary way",
        (*COPY, *ORDINARY),
        fails=True,
        faults=({"service": "aws", "operation": "PutSecretValue", "kill": "all"},),
        first=_change_a_value,
    ),
    Step(
        "copy a new value, refused",
        COPY,
        says=("AWS refused PutSecretValue",),
        fails=True,
        meddling=Meddling(AWS, meddler.refusal, "secretsmanager.PutSecretValue"),
        first=_change_a_value,
    ),
    Step(
        "copy a new value, the ordinary way",
        (*COPY, *ORDINARY),
        says=("keys copied", "AnsiballZ"),
        environment={"ANSIBLE_DEBUG": "1"},
        first=_change_a_value,
    ),
    Step("copy a new value by ansible-runner", COPY, says=("keys copied",), runner=True, first=_change_a_value),
)
GROUND = (
    Step("survey", SURVEY, says=("SUMMARY",)),
    Step("survey, the ordinary way", (*SURVEY, *ORDINARY), says=("AnsiballZ", AS_JSON), environment=IN_JSON),
    Step("provision", ("playbooks/provision.yml",)),
)
RELEASES = (
    Step("release", ("playbooks/release.yml",), says=(AS_JSON,), environment=IN_JSON),
    Step(
        "release a build that prints its environment and crashes",
        ("playbooks/release.yml", "-e", f"release_image={TELLTALE}"),
        says=("(value of CANARY_TOKEN)", "(value of CANARY_PEM)"),
        fails=True,
    ),
    Step(
        "release the same, the ordinary way, by ansible-runner",
        ("playbooks/release.yml", *ORDINARY, "-e", f"release_image={TELLTALE}"),
        says=("(value of CANARY_TOKEN)",),
        fails=True,
        runner=True,
    ),
    Step(
        "release a build whose release task prints its environment and fails",
        ("playbooks/release.yml", "-e", f"release_image={TELLTALE_TASK}"),
        says=("No service was touched.", "(value of CANARY_TOKEN)", "(value of CANARY_PEM)"),
        fails=True,
    ),
    Step(
        "release a build that prints its environment and crashes in its trial",
        ("playbooks/release.yml", "-e", f"release_image={TELLTALE}", "-e", "release_trial=5"),
        says=("ECS trial of bond-server-web failed", "(value of CANARY_TOKEN)", "(value of CANARY_PEM)"),
        fails=True,
    ),
    Step("release, the ordinary way", ("playbooks/release.yml", *ORDINARY, "-e", "release_image=v41")),
    Step("migrate, dry, by ansible-runner", ("migrate.yml", "--check"), runner=True),
    Step(
        "run a command with what serves",
        ("playbooks/run.yml", "-e", "run_command='node count-users.js'"),
        says=("1042 users",),
    ),
    Step("shift", ("playbooks/shift.yml", "-e", '{"shift_steps": [25, 100]}', "-e", "shift_to=25")),
    Step("rollback, the ordinary way", ("playbooks/rollback.yml", *ORDINARY), says=(AS_JSON,), environment=IN_JSON),
    Step("drift", ("playbooks/drift.yml",)),
)
MATRIX = (*GROUND, *FAILED_READS, *FAILED_LOGS, *FAILED_COPIES, *COPIES, *RELEASES)
SAMPLE = tuple(
    step
    for step in MATRIX
    if step.name
    in (
        "copy: a module dies with the values in its hands",
        "copy: AWS refuses the write and quotes it",
        "copy",
        "copy a new value, the ordinary way",
        "copy a new value by ansible-runner",
    )
)
