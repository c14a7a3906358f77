"""Makes a service run with what it should have read, stop, or go.

Parameters: `state` (`started`, `stopped`, `restarted`, `absent`), `base`, `run`, `service` (key), `slug`, `unit`,
`unit_path`, `version` (where a deploy starts it; otherwise the manifest keeps what it has), `supervision`,
`supervisor` (tree with its code; empty under systemd), `inputs` (files that it reads at its start), `started` (the
record that it leaves of them), `home`, `user`, `kept` (what later runs want to know of it, for the manifest), `data`
(see `check_mark`; without its data nothing is started), `data_directory` (with the flag of a migration in it nothing
is started either). `absent` takes the files from the manifest; data and logs stay.
`runners` are the services whose jobs need this one, `node_runners` those whose jobs need any service of the node, see
`let_jobs_end`; `questions` and `wait_jobs` belong to them. `interrupt_jobs` asks none of them.
`leave` (`argv`, `stdin`, `timeout`, `user`) makes other instances do its work before it is stopped; empty without them.

There are no handlers: a service is restarted when what it read at its start differs from what lies there now.
"""

from __future__ import annotations

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_asking import SHOWN, ask, let_jobs_end
from ansible.module_utils.fatecloud_inside import sha256_of, text_of
from ansible.module_utils.fatecloud_marks import check_mark, read_mark
from ansible.module_utils.fatecloud_migrating import flag_of
from ansible.module_utils.fatecloud_node import POLL, Manifest, Refused, note_change, read_lease, working
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_states import UP
from ansible.module_utils.fatecloud_supervision import remove, supervised


def stale(inputs: list, started: str) -> list:
    """Inputs that differ from the record of the last start, or all when there is no record."""
    text = text_of(started)
    if text is None:
        return sorted(inputs)
    recorded = {path: digest for digest, _, path in (line.partition("  ") for line in text.splitlines())}
    different = [path for path in inputs if recorded.get(path) != sha256_of(path)]
    return sorted({*different, *(set(recorded) - set(inputs))})


def decide(wanted: str, now: str, old_inputs: list) -> str:
    """What to do: `start`, `restart`, `stop` or an empty string.

    Args:
        wanted: `started`, `stopped`, `restarted` or `absent`.
        now: `running`, `starting`, `stopped`, `failed`, `absent`, `retrying` or `unsupervised`.
        old_inputs: what the running process has read in another version.
    """
    if now == "unsupervised":
        return "stop" if wanted in ("stopped", "absent") else "restart"
    running = now in UP
    if wanted in ("stopped", "absent"):
        return "" if now in ("stopped", "absent") else "stop"
    if now == "retrying":
        # Its supervisor waits longer after each attempt, and takes a plain start for done.
        return "restart"
    if not running:
        return "start"
    return "restart" if wanted == "restarted" or old_inputs else ""


def settle(service: object, params: dict) -> list:
    """Start, stop or restart as wanted. What was done."""
    done = []
    if params["state"] in ("started", "restarted"):
        done += service.adopt()
    fresh = "supervisord" in done or "reload" in done
    if fresh and params["supervision"] == "supervisor":
        # A program that has just been taken up starts by itself; its record says with which inputs.
        deadline = time.monotonic() + 10
        while stale(params["inputs"], params["started"]) and time.monotonic() < deadline:
            time.sleep(POLL)
    verb = decide(params["state"], service.state(), stale(params["inputs"], params["started"]))
    if verb:
        if verb != "stop":
            note_change(params["base"], params["run"], params["service"])
        service.act(verb)
        done.append(verb)
    return done


def spare_jobs(service: object, params: dict) -> list:
    """Ask for running jobs where something that runs is about to be ended. Sentences about who gave no answer.

    Raises:
        Refused: jobs are running.
    """
    if params["interrupt_jobs"]:
        return []
    state = service.state()
    verb = decide(params["state"], state, stale(params["inputs"], params["started"]))
    asked = []
    if state in (*UP, "unsupervised") and verb in ("stop", "restart"):
        asked += params["runners"]
    known = Manifest(params["base"]).data["services"]
    # One on this node listens where it was configured to at its last start, whatever the inventory says by now.
    here = {key: entry["job_api"] for key, entry in known.items() if entry.get("job_api")}
    # A new supervisord starts all of its programs, so those that outlived the old one are ended first.
    if params["state"] in ("started", "restarted") and set(service.endangered()) - {params["slug"]}:
        asked += [*params["node_runners"], *_recorded(known, params["questions"])]
    by_key = {
        runner["key"]: dict(
            runner,
            url=here.get(runner["key"]) or runner["url"],
            stopped=bool(known.get(runner["key"], {}).get("stopped")),
        )
        for runner in asked
        if not _gone(runner["key"], params["service"], known)
    }
    return let_jobs_end(params, list(by_key.values())) if by_key else []


def take_leave(service: object, params: dict) -> list:
    """Let other instances do the work of one that is about to be ended. Sentences about why it could not be asked to.

    One that hangs or is broken does no work that others could take.
    """
    verb = decide(params["state"], service.state(), stale(params["inputs"], params["started"]))
    if not params["leave"] or service.state() not in UP or verb not in ("stop", "restart"):
        return []
    answer = ask(params["leave"])
    if answer.get("ok"):
        return []
    return [f"{params['service']} could not leave its work to others: {str(answer.get('error'))[:SHOWN]}"]


def _gone(key: str, service: str, known: dict) -> bool:
    """Whether another service of this service's node is not on it, so that it runs nothing."""
    return key not in known and key != service and key.rpartition("@")[2] == service.rpartition("@")[2]


def _recorded(known: dict, questions: dict) -> list:
    """The runners that the manifest knows, those among them that the inventory no longer has."""
    kinds = {key: known[key].get("job_kind") for key in known if known[key].get("job_api")}
    return [
        {
            "key": key,
            "kind": kinds[key],
            "url": known[key]["job_api"],
            "settings": known[key].get("job_settings", ""),
            "user": known[key].get("user", ""),
        }
        for key in sorted(kinds)
        if kinds[key] in questions
    ]


def _look_for_data(params: dict, manifest: object) -> None:
    """Start nothing without its data: it would make new ones.

    Raises:
        Refused: an expected mark is missing.
    """
    data = params["data"]
    # Data that were restored by hand are accepted once the service serves them.
    if data and not (read_mark(data["path"]) or {}).get("adopting"):
        check_mark(manifest, params["service"], data)


def _note_stop(entry: dict, params: dict, done: list) -> None:
    """Keep who stopped the service for as long as it stays stopped: a check names them."""
    if params["state"] != "stopped":
        entry.pop("stopped", None)
    elif done:
        lease = read_lease(params["base"]) or {}
        entry["stopped"] = {"run": params["run"], "at": int(time.time()), "by": lease.get("owner", "")}
        if params["data_directory"] and os.path.lexists(flag_of(params["data_directory"])):
            entry["stopped"]["migrates"] = True


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Bring the service into its state.

    Raises:
        Refused: it is not deployed, running jobs need it, or its supervision does not do what it was asked to.
    """
    service = supervised(params)
    missing = not check and not os.path.lexists(params["unit_path"])
    if params["state"] != "absent" and missing and service.state() == "absent":
        raise Refused("it is not deployed on this node")
    if params["state"] in ("started", "restarted") and missing:
        raise Refused(
            "its unit is not on this node any more, although its process runs; fatecloud deploy brings it back"
        )
    silent = [] if check else [*spare_jobs(service, params), *take_leave(service, params)]
    with working(params["base"], params["run"], check) as manifest:
        if check:
            verb = decide(params["state"], service.state(), stale(params["inputs"], params["started"]))
            return {"changed": bool(verb), "done": [verb] if verb else []}
        migrating = bool(params["data_directory"]) and os.path.lexists(flag_of(params["data_directory"]))
        if params["state"] in ("started", "restarted"):
            _look_for_data(params, manifest)
            if migrating:
                raise Refused(
                    "its migration to another version is not finished: fatecloud deploy goes on with it; "
                    "the way back to the version before is in the message of the run that failed"
                )
        elif migrating:
            # The unit on disk does not start while the flag is there; the one that the manager has read may be older.
            service.reread()
        done = settle(service, params)
        if params["state"] == "absent":
            done += remove(service, params["service"], params["home"], manifest)
        else:
            entry = manifest.data["services"].get(params["service"], {})
            _note_stop(entry, params, done)
            facts = {key: params[key] for key in ("unit", "unit_path", "slug", "home", "supervision")}
            if params["version"]:
                # Only a deploy knows these: it has placed the files, and brought what the service keeps to them. Other
                # verbs may run with an inventory that was edited since.
                again = entry.get("version") == params["version"]
                facts["version"] = params["version"]
                facts["deployed"] = entry.get("deployed", params["run"]) if again else params["run"]
                facts.update(params["kept"])
            manifest.data["services"][params["service"]] = dict(entry, **facts)
            if done:
                # A check holds back what a service may show for a moment after a start that was ours.
                manifest.data["services"][params["service"]].update(run=params["run"], at=int(time.time()))
    return {"changed": bool(done), "done": done, "silent": silent}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["started", "stopped", "restarted", "absent"], "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "service": {"required": True},
            "slug": {"required": True},
            "unit": {"required": True},
            "unit_path": {"type": "path", "required": True},
            "version": {"default": ""},
            "supervision": {"choices": ["systemd", "supervisor"], "required": True},
            "supervisor": {"default": ""},
            "inputs": {"type": "list", "elements": "str", "default": []},
            "started": {"type": "path", "default": "/nonexistent"},
            "home": {"type": "path", "required": True},
            "user": {"default": ""},
            "kept": {"type": "dict", "default": {}},
            "runners": {"type": "list", "elements": "dict", "default": []},
            "node_runners": {"type": "list", "elements": "dict", "default": []},
            "interrupt_jobs": {"type": "bool", "default": False},
            "questions": {"type": "dict", "default": {}},
            "wait_jobs": {"type": "float", "default": 0},
            "data": {"type": "dict", "default": {}},
            "data_directory": {"type": "path", "default": ""},
            "leave": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    conclude(module, apply, service=module.params["service"])


if __name__ == "__main__":
    main()
