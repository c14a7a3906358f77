"""Who a service is on a node: names, and the module that makes and removes the accounts."""

from __future__ import annotations

import grp
import itertools
import pwd
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from modules import utility
from small_cluster import CLUSTER_ID, node

from fatecloud.components.registry import all_components
from fatecloud.inventory.words import NEW_ACCOUNT
from fatecloud.model.accounts import LONGEST, Account, account_of, owner_of
from fatecloud.model.identity import ServiceId

accounts = utility("fatecloud_accounts")
Manifest, Refused = utility("fatecloud_node").Manifest, utility("fatecloud_node").Refused
LABEL = f"demo-{CLUSTER_ID[:6]}"


def test_every_service_of_a_node_has_an_account_of_its_own_where_we_have_root() -> None:
    where = node("/data", become="root", service_user=None, service_group=None)
    services = [ServiceId(LABEL, p, c, "a1") for p in ("9999", "10000", "999999999") for c in all_components()]
    made = [account_of(where, service) for service in services]
    assert made[0].user.startswith("fc-c3f9a2-9999-")
    assert len({account.user for account in made}) == len(services)
    assert all(account.user == account.group for account in made)
    assert all(re.fullmatch(NEW_ACCOUNT.pattern, account.user) for account in made)
    assert owner_of(where) == Account("root", "root")


def test_long_names_are_shortened_and_stay_different() -> None:
    where = node("/data", become="root", service_user=None, service_group=None)
    names = {
        account_of(where, ServiceId(LABEL, party, component, "a1")).user
        for party in ("123456789", "123456788")
        for component in ("clustermanager", "clustermanagers", "serving-server", "serving-servers")
    }
    assert len(names) == 8
    assert max(map(len, names)) == LONGEST


def test_services_share_the_account_that_the_operator_named_and_without_root_the_login() -> None:
    service = ServiceId(LABEL, "9999", "flow", "a1")
    named = node("/data", become="root", service_user="app", service_group="apps")
    assert (account_of(named, service), owner_of(named)) == (Account("app", "apps"), Account("root", "root"))
    login = node("/data", become="none", service_user="ops", service_group="ops")
    assert account_of(login, service) == owner_of(login) == Account("ops", "ops")


class Machine:
    """A user database, changed by useradd, usermod, groupadd, userdel and groupdel."""

    def __init__(self) -> None:
        self.users: dict[str, Any] = {}
        self.groups: dict[str, Any] = {}
        self.asked: list[str] = []
        self.answers: list[tuple[int, bytes]] = []
        self.free = 990

    def run(self, argv: list[str], **_: object) -> SimpleNamespace:
        self.asked.append(" ".join(argv))
        if self.answers and (answer := self.answers.pop(0))[0]:
            return SimpleNamespace(returncode=answer[0], stdout=answer[1])
        words, name = dict(itertools.pairwise(argv)), argv[-1]
        self.free += 1
        if argv[0] == "groupadd":
            gid = int(words.get("--gid", self.free))
            self.groups[name] = SimpleNamespace(gr_name=name, gr_gid=gid, gr_mem=[])
        elif argv[0] == "useradd":
            uid, gid = int(words.get("--uid", self.free)), self.groups[words["--gid"]].gr_gid
            places = {"pw_dir": words["--home-dir"], "pw_shell": words["--shell"]}
            self.users[name] = SimpleNamespace(pw_uid=uid, pw_gid=gid, pw_gecos=words["--comment"], **places)
        elif argv[0] == "usermod":
            entry = self.users[name]
            entry.pw_dir, entry.pw_shell = words.get("--home", entry.pw_dir), words.get("--shell", entry.pw_shell)
            for group in self.groups.values():
                group.gr_mem = [one for one in group.gr_mem if one != name or "--groups" not in words]
        else:
            del {"userdel": self.users, "groupdel": self.groups}[argv[0]][name]
        return SimpleNamespace(returncode=0, stdout=b"")

    def number(self, table: dict[str, Any], field: str, wanted: int) -> object:
        return {getattr(entry, field): entry for entry in table.values()}[wanted]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    there = Machine()
    monkeypatch.setattr(accounts.subprocess, "run", there.run)
    monkeypatch.setattr(accounts.time, "sleep", lambda _: None)
    monkeypatch.setattr(pwd, "getpwnam", lambda name: there.users[name])
    monkeypatch.setattr(grp, "getgrnam", lambda name: there.groups[name])
    monkeypatch.setattr(grp, "getgrall", lambda: list(there.groups.values()))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: there.number(there.users, "pw_uid", uid))
    monkeypatch.setattr(grp, "getgrgid", lambda gid: there.number(there.groups, "gr_gid", gid))
    return there


@pytest.fixture
def manifest(tmp_path: Path) -> Any:
    (tmp_path / ".fatecloud").mkdir()
    return Manifest(str(tmp_path))


def own(name: str) -> dict[str, Any]:
    return {"user": name, "group": name, "comment": f"fatecloud {name}", "shared": False}


APP = {"user": "app", "group": "apps", "comment": "services of fatecloud", "shared": True}


@pytest.mark.parametrize(
    ("change", "typed"),
    [
        ({"pw_shell": "/bin/bash"}, "usermod --shell {shell} fc-a"),
        ({"pw_dir": "/home/a"}, "usermod --home /nonexistent fc-a"),
        ({"group": "fc-b"}, "usermod --groups  fc-a"),
        ({"pw_shell": "/bin/sh", "group": "fc-b"}, "usermod --groups  --shell {shell} fc-a"),
    ],
    ids=["shell", "home", "groups", "groups and shell"],
)
def test_an_own_account_that_was_changed_is_put_right(
    machine: Machine, manifest: Any, change: dict[str, str], typed: str
) -> None:
    wanted = [own("fc-a"), own("fc-b")]
    accounts.make(wanted, manifest)
    shell, rest = machine.users["fc-a"].pw_shell, dict(change)
    if group := rest.pop("group", ""):
        machine.groups[group].gr_mem.append("fc-a")
    vars(machine.users["fc-a"]).update(rest)
    assert accounts.lacking(wanted, manifest.data["accounts"]) == [own("fc-a")]
    assert accounts.make(wanted, manifest) == ["fc-a"]
    assert machine.asked[-1] == typed.format(shell=shell)
    assert accounts.lacking(wanted, manifest.data["accounts"]) == []


def test_a_home_is_left_alone_while_something_runs_as_the_user(
    machine: Machine, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.make([own("fc-a")], manifest)
    machine.users["fc-a"].pw_dir = "/home/a"
    monkeypatch.setattr(accounts, "_busy", lambda _uid: True)
    assert accounts.lacking([own("fc-a")], manifest.data["accounts"]) == []
    assert accounts.make([own("fc-a")], manifest) == []


def test_what_the_operator_named_is_the_operators(machine: Machine, manifest: Any) -> None:
    accounts.make([APP], manifest)
    machine.users["app"].pw_shell = "/bin/bash"
    assert accounts.lacking([APP], manifest.data["accounts"]) == accounts.make([APP], manifest) == []


def test_accounts_are_made_once_without_home_or_shell(machine: Machine, manifest: Any) -> None:
    wanted = [own("fc-a"), own("fc-b")]
    assert accounts.lacking(wanted, manifest.data["accounts"]) == wanted
    assert accounts.make(wanted, manifest) == ["fc-a", "fc-b"]
    assert accounts.lacking(wanted, manifest.data["accounts"]) == accounts.make(wanted, manifest) == []
    made = [line for line in machine.asked if line.startswith("useradd")]
    assert len(made) == len(wanted)
    assert all("--system" in line and "--no-create-home" in line and "nologin" in line for line in made)
    assert manifest.data["accounts"]["fc-a"]["uid"] == machine.users["fc-a"].pw_uid


def test_an_account_is_recorded_before_it_exists(machine: Machine, manifest: Any) -> None:
    machine.answers = [(0, b""), (12, b"useradd: cannot do it")]
    with pytest.raises(Refused, match="useradd fc-a: useradd: cannot do it"):
        accounts.make([own("fc-a")], manifest)
    assert manifest.data["accounts"]["fc-a"] == {"group": "fc-a", "shared": False, "uid": None, "gid": None}
    assert accounts.make([own("fc-a")], manifest) == ["fc-a"]
    assert sum("groupadd" in line for line in machine.asked) == 1


def test_another_program_may_hold_the_user_database_for_a_while(machine: Machine, manifest: Any) -> None:
    machine.answers = [(1, b"groupadd: cannot lock /etc/group; try again later.")] * 3
    assert accounts.make([own("fc-a")], manifest) == ["fc-a"]


def test_a_lost_account_gets_its_numbers_again_unless_they_are_taken(machine: Machine, manifest: Any) -> None:
    wanted = [own("fc-a"), own("fc-b")]
    accounts.make(wanted, manifest)
    before = {name: entry.pw_uid for name, entry in machine.users.items()}
    machine.users.clear()
    machine.groups.clear()
    machine.users["new"] = SimpleNamespace(pw_uid=before["fc-b"], pw_gid=before["fc-b"], pw_gecos="")
    accounts.make(wanted, manifest)
    assert machine.users["fc-a"].pw_uid == before["fc-a"]
    assert machine.users["fc-b"].pw_uid not in before.values()


def test_no_account_gets_the_number_that_another_one_had(machine: Machine, manifest: Any) -> None:
    wanted = [own("fc-a"), own("fc-b")]
    accounts.make(wanted, manifest)
    numbers = {name: entry.pw_uid for name, entry in machine.users.items()}
    machine.groups.clear()
    machine.users = {"new": SimpleNamespace(pw_uid=numbers["fc-a"], pw_gid=1, pw_gecos="")}
    machine.free = numbers["fc-b"] - 2  # what is made first, with its group, would get the number of the other one
    accounts.make(wanted, manifest)
    assert machine.users["fc-b"].pw_uid == numbers["fc-b"]
    assert machine.users["fc-a"].pw_uid not in numbers.values()


def test_an_account_whose_record_was_lost_is_ours_by_its_stamp(machine: Machine, manifest: Any) -> None:
    accounts.make([own("fc-a"), own("fc-b")], manifest)
    machine.users["fc-b"].pw_gecos = "someone else"
    manifest.data["accounts"] = {}
    with pytest.raises(Refused, match=r"user fc-b is there, but this cluster did not make it \(someone else\)"):
        accounts.make([own("fc-a"), own("fc-b")], manifest)
    assert set(manifest.data["accounts"]) == {"fc-a"}


def test_own_accounts_go_unless_they_are_wanted_or_own_a_directory(
    machine: Machine, manifest: Any, tmp_path: Path
) -> None:
    wanted = [own("fc-a"), own("fc-b"), own("fc-c"), APP]
    accounts.make(wanted, manifest)
    machine.users["fc-c"].pw_uid = manifest.data["accounts"]["fc-c"]["uid"] = tmp_path.stat().st_uid
    places = [str(tmp_path), str(tmp_path / "gone")]
    assert accounts.drop(manifest, {"fc-b"}, places) == ["app", "fc-c"]
    assert set(machine.users) == set(manifest.data["accounts"]) == {"fc-b", "fc-c", "app"}
    assert "fc-a" not in machine.groups


def test_an_account_with_a_living_process_stays_and_is_named(machine: Machine, manifest: Any) -> None:
    accounts.make([own("fc-a")], manifest)
    machine.answers = [(8, b"userdel: user fc-a is currently used by process 7")]
    assert accounts.drop(manifest, set(), []) == ["fc-a"]
    assert "fc-a" in manifest.data["accounts"]
