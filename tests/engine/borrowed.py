"""A ZeroGPU Space in this process: the real `spaces` package, but for the CUDA that this machine has not.

`spaces` brings stand-ins of its own for machines without torch; it is shown such a machine, so that queues, workers,
schedules and errors are its own and only the moving of weights is not done. Import this before torch.
"""

import contextlib
import http.server
import json
import os
import sys
import threading
from urllib.parse import parse_qs, urlparse


class Lender:
    """The service that lends GPUs. asked: [(what, query)]; refusal: what a schedule gets, (status, JSON, headers)."""

    def __init__(self):
        self.asked, self.refusal, self.idle = [], None, False
        lender = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                url = urlparse(self.path)
                what = url.path.strip("/")
                lender.asked.append((what, {name: values[0] for name, values in parse_qs(url.query).items()}))
                status, told, headers = 200, {}, {}
                if what == "schedule":
                    token = f"token-{len(lender.asked)}"
                    told = {"idle": lender.idle, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": token}
                    status, told, headers = lender.refusal or (200, told, {})
                data = json.dumps(told).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(data)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}"

    def heard(self, what: str) -> list[dict]:
        """The queries of every call of this name."""
        return [query for named, query in self.asked if named == what]


def on_zero(folder: str):
    """(Lender, the spaces package), as on a ZeroGPU Space; `folder` is for what `spaces` reads and writes."""
    lender = Lender()
    with open(f"{folder}/cgroup", "w") as file:
        file.write("0::/a-space\n")
    os.environ |= {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": lender.address,
        "ZEROGPU_PROC_SELF_CGROUP_PATH": f"{folder}/cgroup",
        "HOME": folder,
    }
    with without("torch"):
        import spaces
    return lender, spaces


@contextlib.contextmanager
def without(name: str):
    """As if there were no package of this name."""
    sys.modules[name] = None
    try:
        yield
    finally:
        del sys.modules[name]
