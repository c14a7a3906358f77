# fatecloud cluster=demo-eeeeee owner=10000 service=flow
# Written by fatecloud; changes by hand are reported and replaced.
"""Runs flow, and ends with it. By itself it lives on after SIGTERM, with its port, for its threads do not end."""

import os
import runpy
import sys
import traceback

del sys.argv[0]
code = 1
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    # As Python itself does: a text is an error's.
    if isinstance(end.code, int):
        code = end.code
    elif end.code is None:
        code = 0
    else:
        print(end.code, file=sys.stderr)
except BaseException:
    traceback.print_exc()
finally:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
