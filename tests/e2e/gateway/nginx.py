"""The second witness: the same HTTPRoute on nginx (Debian's package), for what must hold of any data plane, and for what does not."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.e2e.gateway.plane import Model
from tests.e2e.lab.api import Object
from tests.e2e.mlflow.server import started

_TRIES = 5


@contextlib.contextmanager
def nginx_for(route: Object, models: Mapping[str, Model], folder: Path) -> Iterator[str]:
    """Serve the first rule of a route by nginx; yields its address.

    Args:
        route: the HTTPRoute.
        models: what stands behind the Services that it names.
        folder: where nginx keeps everything; may be empty.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert program, "nginx is missing; install it (apt-get install --no-install-recommends nginx-light)"
    with contextlib.ExitStack() as stack:
        for left in reversed(range(_TRIES)):
            port = _free_port()
            config = folder / "nginx.conf"
            config.write_text(configuration(route, models, port, folder), encoding="utf-8")
            command = [program, "-p", str(folder), "-c", str(config), "-e", "stderr"]
            try:
                stack.enter_context(started(command, folder / "nginx.log", rb"(start worker process) ", {}))
            except AssertionError:
                if not left:
                    raise
            else:
                break
        yield f"http://127.0.0.1:{port}"


def configuration(route: Object, models: Mapping[str, Model], port: int, folder: Path) -> str:
    """nginx.conf for the first rule of a route: split_clients for weights, mirror for copies (all of them, or a percentage)."""
    rule = route["spec"]["rules"][0]
    weights = {ref["name"]: ref.get("weight", 1) for ref in rule["backendRefs"] if ref.get("weight", 1)}
    (*first, last), total = weights, sum(weights.values())
    shares = [f"{weights[name] * 100 / total:.2f}% {name};" for name in first] + [f"* {last};"]
    mirrors = [each["requestMirror"] for each in rule.get("filters", []) if each["type"] == "RequestMirror"]
    copied = mirrors[0].get("percent", 100) if mirrors else 0
    shadow = mirrors[0]["backendRef"]["name"] if mirrors else last
    upstreams = "\n".join(
        f"  upstream {name} {{ {_servers(models[name])} keepalive 64; }}" for name in sorted({*weights, shadow})
    )
    draw = f"{copied}% 1; * 0;" if 0 < copied < 100 else f"* {int(copied == 100)};"
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log stderr notice;
events {{ worker_connections 2048; }}
http {{
  {temporary} access_log off; client_body_buffer_size 1m;
  split_clients "${{request_id}}w" $backend {{ {" ".join(shares)} }}
  split_clients "${{request_id}}m" $copies {{ {draw} }}
{upstreams}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    location / {{ mirror /_copy; proxy_pass http://$backend; }}
    location = /_copy {{
      internal; if ($copies = 0) {{ return 204; }}
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Shadow 1;
      proxy_pass http://{shadow}$request_uri;
    }}
  }}
}}
"""


def _servers(model: Model) -> str:
    return " ".join(f"server {address.removeprefix('http://')};" for address in model.addresses())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
