#!/usr/bin/env python3
"""Print N loopback ports that are free now, all held open together so that they differ."""

from __future__ import annotations

import socket
import sys

held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))  # noqa: T201 - the answer
for s in held:
    s.close()
