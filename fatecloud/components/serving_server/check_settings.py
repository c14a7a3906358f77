"""What someone edited in the settings of Serving's services, and what its software does with that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.judging import answer_of, finding, verb
from fatecloud.components.serving_server.probe_settings import CLASSES, EXPIRES, KEEPS, KEPT_IN
from fatecloud.components.serving_server.want import SETTINGS
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Edit, Remedy, administrator

__all__ = ["class_there", "forgets", "mock", "readable"]

EDITED = ("FILE_DRIFTED", "RESTART_PENDING")
"""A finding that names the edited value leads before one that says that a file is another one."""
DOWN = ("SERVICE_STOPPED", "SERVICE_FAILED", "SERVICE_CRASHED", "SERVICE_RESTARTING", "SERVICE_HUNG")
SOURCE = "settings of the service"
UNREADABLE = Code(
    "SERVING_SETTING_UNREADABLE",
    "critical",
    "A number or a yes-or-no in the settings of a service of Serving is not what its software reads as one.",
    explains=(
        *EDITED,
        *DOWN,
        "PORT_NOT_LISTENING",
        "SERVING_SERVER_UNUSABLE",
        "SERVING_PROXY_UNUSABLE",
        "SERVING_ADMIN_UNUSABLE",
        "SERVING_ADMIN_LOGIN_REFUSED",
        "SERVING_REGISTRY_DOWN",
        "SERVING_REDIS_DOWN",
        "SERVING_UNREGISTERED",
    ),
    settles=False,
)
MOCK = Code(
    "SERVING_FEATURES_MOCK",
    "critical",
    "Serving's server answers other parties with the features of upstream's mock, which are those of no one.",
    explains=EDITED,
    settles=False,
)
CLASS_MISSING = Code(
    "SERVING_FEATURES_CLASS_MISSING",
    "critical",
    "The class from which Serving's server gets its features is in none of its jars.",
    explains=EDITED,
    settles=False,
)
KEPT_FOR_EVER = Code(
    "SERVING_RESULTS_KEPT_FOR_EVER",
    "warning",
    "Serving's server keeps answers of other parties for ever, and so hides that they are gone.",
    explains=EDITED,
    settles=False,
)


@service_check(UNREADABLE, probe=SETTINGS, while_down=True)
def readable(view: ServiceView) -> Iterator[Finding]:
    """Each number and each yes-or-no in its settings is one to its software."""
    answer = answer_of(view, SETTINGS)
    wrong = answer["unreadable"] if answer["ok"] else []
    if wrong:
        first = wrong[0]
        yield finding(
            view,
            UNREADABLE,
            "; ".join(f"{one['key']} is {one['value']}" for one in wrong),
            SETTINGS,
            source=SOURCE,
            cause="it was changed by hand: a number with a blank beside it ends the start of its JVM, and all that is "
            "not true counts as false without a word",
            remedy=PUT_BACK,
            expected=f"{first['key']}: {first['wanted']}",
            got=str(first["value"]),
        )


@service_check(MOCK, component="serving-server", while_down=True)
def mock(view: ServiceView) -> Iterator[Finding]:
    """Its features are not those of upstream's mock."""
    values = _values(view)
    mocks = [f"{key} is {values[key]}" for key in CLASSES if _is_mock(values.get(key, ""))]
    if mocks:
        yield finding(
            view,
            MOCK,
            "; ".join(mocks),
            SETTINGS,
            source=SOURCE,
            cause="it is the value that upstream ships: the mock gives the same features for everyone, and as no model "
            "has them, its part of each score is the same too",
            remedy=(Edit("name a class of yours in `features.class` of serving-server, then deploy"),)
            if view.service.facts["features"] == "class"
            else PUT_BACK,
            expected=f"features.source {view.service.facts['features']}",
            got="upstream's mock",
        )


@service_check(CLASS_MISSING, component="serving-server", after=(MOCK.name,), while_down=True)
def class_there(view: ServiceView) -> Iterator[Finding]:
    """One of its jars has the class that its features come from."""
    answer = answer_of(view, SETTINGS)
    missing = answer["missing"] if answer["ok"] else []
    if missing:
        own: tuple[Remedy, ...] = (
            administrator(view.facts.node, f"put the jar with {missing[0]} into the server's directory `extension`"),
            replace(verb(view, "restart"), when="once it is there"),
        )
        yield finding(
            view,
            CLASS_MISSING,
            f"no jar has {', '.join(missing)}",
            SETTINGS,
            source=SOURCE,
            cause="its jar is missing, or the name was changed by hand: the server starts all the same, says so in its "
            "log, and refuses each request of another party",
            remedy=own if view.service.facts["features"] == "class" else PUT_BACK,
            expected="a class in lib or extension",
            got="none",
        )


@service_check(KEPT_FOR_EVER, component="serving-server", while_down=True)
def forgets(view: ServiceView) -> Iterator[Finding]:
    """What it keeps of other parties' answers is forgotten in time."""
    values = _values(view)
    text = values.get(EXPIRES, "")
    kept = values.get(KEEPS) == "true" and values.get(KEPT_IN) == "redis"
    if kept and text.lstrip("+-").isdigit() and int(text) <= 0:
        yield finding(
            view,
            KEPT_FOR_EVER,
            f"{EXPIRES} is {text}",
            SETTINGS,
            source=SOURCE,
            cause="it was changed by hand: what is kept without a time is answered again for ever, also when the other "
            "party has another model, or none any more",
            remedy=(
                *PUT_BACK,
                Edit("set `cache.results: false` of serving-server, where no answer is to be kept", instead=True),
            ),
            expected=f"{EXPIRES} above 0",
            got=text,
        )


def _values(view: ServiceView) -> dict[str, str]:
    answer = answer_of(view, SETTINGS)
    return dict(answer["values"]) if answer["ok"] else {}


def _is_mock(value: str) -> bool:
    """Upstream's own: `MockAdapter`, `MockBatchAdapter`, with or without their package."""
    name = value.strip().rpartition(".")[2]
    return name.startswith("Mock") and name.endswith("Adapter")
