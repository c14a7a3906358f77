"""Flow's files have the keys that flow 2.2.0 reads, for each architecture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from component_world import FLOW, rendered, service

from fatecloud.render.placeholders import fill

SECRETS = {"9999.mysql.fate_flow": 'd"b: #1', "9999.rabbitmq.flow": "b'r\\k", "9999.flow.admin": 'a"d'}
ALONE, SPREAD = "9999/flow@here", "9999/flow@compute"
UPSTREAM_SETTINGS = {
    "GRPC_SERVER_MAX_WORKERS",
    "HTTP_REQUEST_TIMEOUT",
    "REMOTE_REQUEST_TIMEOUT",
    "LOG_DIR",
    "DATA_DIR",
    "MODEL_DIR",
    "JOB_DIR",
    "DEFAULT_FATE_DIR",
    "DEFAULT_SERVER_CONF_PATH",
    "UPLOAD_DATA_HOME",
    "SQLITE_FILE_DIR",
    "SQLITE_FILE_NAME",
    "APP_TOKEN_LENGTH",
    "ADMIN_ID",
    "ADMIN_KEY",
}


def conf(key: str, example: str, name: str = "service_conf") -> dict[str, object]:
    text = fill(rendered(key, example)[f"conf/{name}.yaml"].text, SECRETS)
    return dict(yaml.safe_load(text))


def test_alone_it_uses_sqlite_and_no_federation() -> None:
    read = conf(ALONE, "all-in-one")
    assert read["database"] == {
        "engine": "sqlite",
        "decrypt_key": None,
        "sqlite": {"path": f"{Path.home()}/fatecloud/data/local-eeeeee-9999-flow/fate_flow_sqlite.db"},
    }
    assert read["default_engines"] == dict.fromkeys(("computing", "federation", "storage"), "standalone")
    assert (read["federation"], read["party_id"]) == ({}, "9999")
    assert read["fateflow"] == {"host": "127.0.0.1", "http_port": 9380, "grpc_port": 9360, "proxy_name": "osx"}
    assert service(ALONE, "all-in-one").edges == ()
    assert "conf/rabbitmq_route_table.yaml" not in rendered(ALONE, "all-in-one")


def test_spread_over_nodes_it_knows_each_neighbour_with_its_password() -> None:
    read = conf(SPREAD, "multi-node")
    mysql = {
        "name": "fate_flow",
        "user": "fate",
        "passwd": 'd"b: #1',
        "host": "192.0.2.12",
        "port": 3306,
        "max_connections": 100,
        "stale_timeout": 30,
    }
    assert read["database"] == {"engine": "mysql", "decrypt_key": None, "mysql": mysql}
    rabbitmq = {
        "host": "192.0.2.13",
        "mng_port": 15672,
        "port": 5672,
        "user": "fate",
        "password": "b'r\\k",
        "max_message_size": 1048576,
        "mode": "replication",
    }
    nginx = {"host": "198.51.100.14", "http_port": 9301, "protocol": "http"}
    assert read["federation"] == {"nginx": nginx, "rabbitmq": rabbitmq}
    assert read["computing"] == {"standalone": {"cores": 32}}
    assert [(e.target, e.kind, e.hard) for e in service(SPREAD, "multi-node").edges] == [
        ("9999/mysql@database", "database", True),
        ("9999/rabbitmq@broker", "broker", True),
        ("9999/nginx@edge", "proxy", True),
    ]


def test_the_route_table_has_every_party_by_its_public_address_and_costs_no_restart() -> None:
    assert conf(SPREAD, "multi-node", "rabbitmq_route_table") == {
        "9999": {"host": "fate.bank.example", "port": 5672},
        "10000": {"host": "fate.partner.example", "port": 5672},
    }
    assert not rendered(SPREAD, "multi-node")["conf/rabbitmq_route_table.yaml"].restarts
    assert service(SPREAD, "multi-node").facts["routes"] == {
        "9999": "fate.bank.example:5672",
        "10000": "fate.partner.example:5672",
    }


def run_settings(folder: Path, code: str) -> Any:
    """What `code` prints as JSON beside the rendered settings, in a process of its own: they reach into logging."""
    file = rendered(FLOW)["venv/lib/python3.10/site-packages/fate_flow/settings.py"]
    (folder / "settings.py").write_text(fill(file.text, SECRETS))
    code = f"import json\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return json.loads(done.stdout)


def test_settings_replace_every_name_of_the_package_by_paths_of_this_service(tmp_path: Path) -> None:
    public = "from settings import *; print(json.dumps({k: v for k, v in globals().items() if k.isupper()}))"
    settings = run_settings(tmp_path, public)
    assert set(settings) == UPSTREAM_SETTINGS
    assert settings["DEFAULT_SERVER_CONF_PATH"] == "/data/projects/fate/demo-eeeeee-9999-flow/conf"
    assert settings["LOG_DIR"].startswith("/data/projects/fate/logs/demo-eeeeee-9999-flow")
    assert settings["ADMIN_KEY"] == 'a"d'


FILL = """
import logging, os
from logging.handlers import TimedRotatingFileHandler  # as flow does, before it reads its settings
import settings
settings._LOG_BYTES = 1000
handler = TimedRotatingFileHandler("flow.log", when="D", interval=1, backupCount=14, delay=True)
for number in range(100):
    handler.emit(logging.LogRecord("flow", 20, "f", 1, f"{number:05d} " + "x" * 93, None, None))
print(json.dumps({name: os.path.getsize(name) for name in os.listdir() if name.startswith("flow.log")}))
"""


def test_settings_bound_the_size_of_flows_logs(tmp_path: Path) -> None:
    sizes = run_settings(tmp_path, FILL)
    assert len(sizes) == 2
    assert all(0 < size <= 1100 for size in sizes.values())
    assert "00099" in (tmp_path / "flow.log").read_text()


def test_the_client_beside_it_finds_this_flow_and_not_the_default_one() -> None:
    read = yaml.safe_load(rendered(FLOW)["venv/lib/python3.10/site-packages/fate_client/settings.yaml"].text)
    assert (read["flow_service"]["ip"], read["flow_service"]["port"]) == ("127.0.0.1", 9380)
    assert read["pipeline"]["site_info"]["local_party_id"] == "9999"


def test_it_is_started_by_its_own_interpreter_without_upstreams_scripts() -> None:
    process = service(FLOW).process
    home = "/data/projects/fate/demo-eeeeee-9999-flow"
    assert process.argv == (
        f"{home}/venv/bin/python",
        f"{home}/venv/lib/python3.10/site-packages/fate_flow/fate_flow_server.py",
    )
    assert process.environment["PATH"].startswith(f"{home}/venv/bin:")


@pytest.mark.parametrize("name", ["casbin_model", "permission_casbin_model"])
def test_the_access_models_are_whole(name: str) -> None:
    text = rendered(FLOW)[f"conf/{name}.conf"].text
    assert text.count("\n[") == (5 if name == "casbin_model" else 4)
    assert "e = some(where (p.eft == allow))" in text
