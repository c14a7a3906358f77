# fatecloud cluster=demo-eeeeee owner=9999 service=flow
# Made by fatecloud from its own files, without their annotations: Python 3.6 cannot read all of those.
"""The beginning of every script that is sent to a node: makes the modules importable that its text carries.

See `components/script.py`, which writes them behind this.
"""



import sys
from importlib.machinery import ModuleSpec
from types import ModuleType



class Carried:
    """Finds and loads them, as Python's import asks for it; their packages are empty."""

    texts = {}  # noqa: RUF012 - the only one

    @classmethod
    def find_spec(cls, name, *_):
        """None for what others may find."""
        below = any(other.startswith(name + ".") for other in cls.texts)
        return ModuleSpec(name, cls, is_package=below) if below or name in cls.texts else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(_):
        """As Python does it."""

    @classmethod
    def exec_module(cls, module):
        """Errors in it have the name and the lines of its file."""
        file = module.__name__.replace(".", "/") + ".py"
        exec(compile(cls.texts.get(module.__name__, ""), file, "exec", dont_inherit=True), vars(module))  # noqa: S102


sys.meta_path.insert(0, Carried)


Carried.texts['fatecloud.components.flow.own_login'] = r'''"""Flow's own login at the MySQL of its configuration. Part of scripts that run on the node under flow's interpreter."""



import importlib


from fatecloud.probing.patience import patient


def connected(conf, start, wait):
    """A connection by a full login. The driver raises errors of its own.

    Args:
        conf: `database.mysql` of flow's configuration.
        start: seconds that the login may take.
        wait: seconds that each answer may take after that.
    """
    return importlib.import_module("pymysql").connect(
        host=conf["host"],
        port=int(conf["port"]),
        user=conf["user"],
        password=conf["passwd"],
        database=conf["name"],
        connect_timeout=patient(start),
        read_timeout=patient(wait),
        write_timeout=patient(wait),
    )
'''
Carried.texts['fatecloud.probing.patience'] = r'''"""Runs on the node: how much longer than usual a question may wait, because the node has more work than it can do.

Every time limit of a question goes through here, so that one that is asked once more really waits longer.
"""



import os
import time

VARIABLE = "FATECLOUD_PATIENCE"
"""In the environment of a question that is asked once more, see `collect/again.py`."""


def patient(seconds):
    """A time limit, as it is for this question."""
    return seconds * _factor()


def clock():
    """Seconds on a clock that goes more slowly for such a question: what is left by it is a limit before `patient`."""
    return time.monotonic() / _factor()


def _factor():
    return float(os.environ.get(VARIABLE, "1"))
'''
Carried.texts['fatecloud.probing.libraries'] = r'''"""Runs on the node: makes the libraries of a service's environment importable.

`site` would do it too, but takes longer than the rest of Python's start.
"""



import importlib
import sys


SHARED = "fatecloud-shared.pth"


def use_libraries(site_packages):
    """Put the environment's own libraries on the path first, then those of the release, as the service has them.

    Args:
        site_packages: absolute path, of a thin environment.

    Raises:
        OSError: it does not say where the shared environment is.
    """
    with open(f"{site_packages}/{SHARED}", encoding="utf-8") as file:
        sys.path += [site_packages, file.read().strip()]


def configuration(path):
    """Document in a YAML file, with every scalar as text: versions of YAML agree on those.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not YAML.
    """
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        # Python sets of FATE 1.4 have its successor alone.
        yaml = importlib.import_module("ruamel.yaml")
    with open(path, encoding="utf-8") as file:
        try:
            return yaml.load(file, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        except yaml.YAMLError as error:
            raise ValueError(" ".join(str(error).split())) from error
'''
exec(compile(r'''"""Runs on the node under flow's interpreter: writes the apps of the parties into flow's database. Safe to run again.

Flow's own API makes up the id and the token of an app. They are written by SQL instead, because both parties must know
the token before either of them runs. Flow reads these tables at each request, so it needs no restart.
"""



import json
import sys
import time


from fatecloud.components.flow.own_login import connected
from fatecloud.probing.libraries import configuration, use_libraries

SITE = "site"
"""Flow's name for the kind of app, and for the role, of a party."""
# An app that was issued here is named by the party that shows it; others were made by hand, and stay.
DROP_ROLES = """
delete from fate_casbin where ptype = 'g' and v0 in
  (select f_app_id from t_app_info where f_app_type = %s and f_app_id = f_app_name and f_app_id <> %s)
"""
DROP_ISSUED = "delete from t_app_info where f_app_type = %s and f_app_id = f_app_name and f_app_id <> %s"
DROP_SHOWN = "delete from t_partner_app_info where f_app_id = %s and f_party_id <> %s"
DROP_OLDER = "delete from t_partner_app_info where f_party_id = %s"
ISSUE = """
insert into t_app_info (f_create_time, f_app_name, f_app_id, f_app_token, f_app_type) values (%s, %s, %s, %s, %s)
"""
GIVE_ROLE = "insert into fate_casbin (ptype, v0, v1) values ('g', %s, %s)"
SHOW = "insert into t_partner_app_info (f_create_time, f_party_id, f_app_id, f_app_token) values (%s, %s, %s, %s)"


def statements(apps, now):
    """The SQL, with `%s` for each parameter.

    Args:
        apps: `own` party, `issued` (other party -> token) and `shown` (other party -> `app` and `token`).
        now: milliseconds since the epoch.
    """
    own = str(apps["own"])
    found = [
        (DROP_ROLES, (SITE, own)),
        (DROP_ISSUED, (SITE, own)),
        (DROP_SHOWN, (own, own)),
    ]
    for party, token in sorted(apps["issued"].items()):
        found += [(ISSUE, (now, party, party, token, SITE)), (GIVE_ROLE, (party, SITE))]
    for party, app in sorted(apps["shown"].items()):
        found += [(DROP_OLDER, (party,)), (SHOW, (now, party, app["app"], app["token"]))]
    return found


def apply(conf, apps):
    """Write them in one transaction, to the MySQL of flow's configuration."""
    connection = connected(conf, 10, 30)
    try:
        with connection.cursor() as cursor:
            for text, values in statements(apps, int(time.time() * 1000)):
                cursor.execute(text, values)
        connection.commit()
    finally:
        connection.close()


if __name__ == "__main__":
    use_libraries(sys.argv[1])
    with open(sys.argv[3], encoding="utf-8") as file:
        document = json.load(file)
    try:
        apply(configuration(sys.argv[2])["database"]["mysql"], document)
    except Exception as error:  # noqa: BLE001 - an error of the driver has no name before it was imported
        sys.exit(f"the apps of the parties could not be written: {type(error).__name__}: {error}")
''', 'fatecloud/components/flow/v2/apply_apps.py', "exec", dont_inherit=True), {"__name__": "__main__"})

