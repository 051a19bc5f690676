"""What a server of the plugin imports, it imports before it runs: pytest reads the modules of plugins anew.

For that it builds their syntax trees, and CPython 3.11 fails where two threads do so at once.
"""

import subprocess
import sys

ASKED = """
import sys, tempfile, threading
from pathlib import Path

beside = []

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("understudy") and threading.current_thread() is not threading.main_thread():
            beside.append(name)

sys.meta_path.insert(0, Watch())
from understudy.pytest_plugin.options import Options
from understudy.pytest_plugin.servers import Servers

with Servers(lambda: Path(tempfile.mkdtemp())) as servers:
    server, control = servers.of(Options())
    account = control.make_account()
    control.add_fault(everyone=True, provider="runware", error="timeoutProvider", times=1)
    [*control.accounts()]
print(beside)
"""


def test_no_module_is_imported_beside_the_tests():
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[]\n", done.stderr
