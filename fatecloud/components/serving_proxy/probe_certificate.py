"""Runs on the node, as the proxy's user: see `certificate_files`. Its own port is asked with them, too."""

from __future__ import annotations

import json
import sys
import time

from fatecloud.components.certificate_files import look

if __name__ == "__main__":
    certificate, key, ca, host = sys.argv[1:]
    sys.stdout.write(json.dumps(look(certificate, key, ca, host, time.time(), own_ca=True)) + "\n")
