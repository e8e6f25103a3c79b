"""Which accounts a stage has, as far as its instructions and its base say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model

if TYPE_CHECKING:
    from rules.model.users import Users


def users(*lines: str, base: str = "debian:12-slim") -> Users:
    text = "\n".join((f"FROM {base}", *lines, ""))
    return Model(parse(Source.decode("Dockerfile", text.encode()))).stages[-1].users


def test_useradd_names_the_primary_group_and_the_others() -> None:
    account = users("RUN useradd -rmu 1000 -g app -G docker,video app").created[0]
    assert (account.name, account.uid, account.group, account.supplementary) == (
        "app",
        "1000",
        "app",
        ("docker", "video"),
    )


def test_adduser_of_busybox_names_the_primary_group_with_a_capital_g() -> None:
    account = users("RUN adduser -S -D -G www -g 'the app' -u 82 app", base="alpine:3.22").created[0]
    assert (account.name, account.uid, account.group, account.system) == ("app", "82", "www", True)


def test_putting_an_account_into_a_group_creates_none() -> None:
    assert users("RUN adduser app wheel").created == ()


def test_names_and_numbers_of_arguments_are_filled_in() -> None:
    account = users("ARG NAME=app UID=1234", "RUN useradd -u $UID ${NAME}").created[0]
    assert (account.name, account.uid) == ("app", "1234")


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("RUN useradd app", True),
        ("RUN pip install flask", False),
        ("RUN apt-get update && apt-get install -y curl", False),
        ("RUN apt-get update && apt-get install -y app-server", None),
        ("RUN ./provision.sh", None),
        ("RUN bash -c 'pip install flask'", False),
        ("RUN bash -c './provision.sh'", None),
        ("RUN for name in app web; do useradd $name; done", None),
        ("RUN echo 'app:x:1000:1000::/:' >> /etc/passwd", True),
        ("COPY --from=build /etc/passwd /etc/passwd", None),
    ],
)
def test_an_account_is_missing_only_where_nothing_can_have_made_it(line: str, known: bool | None) -> None:  # noqa: FBT001 - a row of the table
    assert users(line).exists("app") is known


def test_the_accounts_of_an_unknown_base_are_unknown() -> None:
    assert users(base="registry.example.com/team/base:1").exists("app") is None


def test_a_changed_number_is_not_the_old_one() -> None:
    assert users("RUN usermod -u 1500 node", base="node:22-slim").uid_of("node") == "1500"


def test_a_stage_as_another_account_is_another_in_nothing_else() -> None:
    text = "FROM debian:12-slim\nRUN useradd -u 1000 app\nWORKDIR /srv\n"
    stage = Model(parse(Source.decode("Dockerfile", text.encode()))).stages[-1]
    assert stage.users.final_is_root
    switched = stage.as_user("app")
    assert (switched.image.user.value, switched.users.final_is_root) == ("app", False)
    assert (stage.image.user.value, stage.users.final_is_root) == (None, True)
    assert (switched.steps, switched.image.workdir, switched.label) == (stage.steps, stage.image.workdir, stage.label)


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("RUN useradd app && userdel app", None),
        ("RUN userdel app; useradd app", True),
        ("RUN useradd app && usermod -l web app", None),
        ("RUN useradd app && deluser app docker", True),
        ("RUN useradd app && usermod -aG docker app", True),
        ("RUN useradd web && usermod --login app web", True),
    ],
)
def test_an_account_that_is_deleted_or_renamed_is_no_longer_sure(line: str, known: bool | None) -> None:  # noqa: FBT001 - a row of the table
    assert users(line).exists("app") is known


@pytest.mark.parametrize("script", ["NAME=web; useradd $NAME", "for NAME in a b; do useradd $NAME; done"])
def test_a_name_that_the_script_sets_is_not_that_of_the_argument(script: str) -> None:
    of = users("ARG NAME=app", f"RUN {script}")
    assert "app" not in [account.name for account in of.created]
