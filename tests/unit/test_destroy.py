"""What a destroy leaves on the nodes is told."""

import json

from fatecloud.model.event import Event
from fatecloud.workflow.destroy import Left


def test_everything_that_stays_is_named_and_nothing_else() -> None:
    passed: list[Event] = []
    left = Left(passed.append)
    answer = {
        "changed": True,
        "kept": ["/data/fate/data/x", "/data/fate/data/x/inner"],
        "left": {"packages": ["nginx-light"], "masked": ["nginx.service"], "users": []},
    }
    events = [
        Event("changed", "Place the files", node="n1", detail=json.dumps({"changed": True, "kept": 3})),
        Event("changed", "Clear the node", node="n1", detail=json.dumps(answer)),
        Event("ok", "Clear the node", node="n2"),
    ]
    for event in events:
        left(event)
    assert passed == events
    assert [line.split(": ", 1)[0] for line in left.lines] == ["n1", "n1", "n1"]
    assert [line.rsplit(": ", 1)[1] for line in left.lines] == ["/data/fate/data/x", "nginx-light", "nginx.service"]
