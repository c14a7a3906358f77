"""Runs on the node under flow's interpreter: writes the apps of the parties into flow's database. Safe to run again.

Flow's own API makes up the id and the token of an app. They are written by SQL instead, because both parties must know
the token before either of them runs. Flow reads these tables at each request, so it needs no restart.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

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


def statements(apps: dict[str, Any], now: int) -> list[tuple[str, tuple[Any, ...]]]:
    """The SQL, with `%s` for each parameter.

    Args:
        apps: `own` party, `issued` (other party -> token) and `shown` (other party -> `app` and `token`).
        now: milliseconds since the epoch.
    """
    own = str(apps["own"])
    found: list[tuple[str, tuple[Any, ...]]] = [
        (DROP_ROLES, (SITE, own)),
        (DROP_ISSUED, (SITE, own)),
        (DROP_SHOWN, (own, own)),
    ]
    for party, token in sorted(apps["issued"].items()):
        found += [(ISSUE, (now, party, party, token, SITE)), (GIVE_ROLE, (party, SITE))]
    for party, app in sorted(apps["shown"].items()):
        found += [(DROP_OLDER, (party,)), (SHOW, (now, party, app["app"], app["token"]))]
    return found


def apply(conf: dict[str, Any], apps: dict[str, Any]) -> None:
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
