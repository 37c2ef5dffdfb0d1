#!/usr/bin/env python3
"""Write the lab's users: tokens.csv for the API server and a kubeconfig with one context for each of them.

Tokens are made anew at each start, as anybody on the machine can reach a loopback port.
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
from pathlib import Path
from typing import Any

# user: (groups, default namespace); contexts bear the users' names.
USERS = {
    "admin": ("system:masters", "default"),
    "alice": ("operators", "default"),
    "bob": ("operators", "default"),
    "viewer": ("viewers", "default"),
    "tenant": ("", "tenant-a"),
    "nobody": ("", "default"),
}


def exec_user(token: str) -> dict[str, Any]:
    """A user whose token comes from an exec plugin, as cloud providers' do."""
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}}
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "echo",
            "args": [json.dumps(credential)],
            "interactiveMode": "Never",
        }
    }


def main(server: str) -> None:
    """Write both files into the working folder, for their owner only."""
    tokens = {user: secrets.token_hex(16) for user in USERS}
    rows = [f"{tokens[user]},{user},{user}{f',{groups}' if groups else ''}" for user, (groups, _) in USERS.items()]
    authority = base64.b64encode(Path("pki/ca.crt").read_bytes()).decode()
    users: dict[str, dict[str, Any]] = {user: {"token": token} for user, token in tokens.items()}
    users["alice-exec"] = exec_user(tokens["alice"])
    users["dora-cert"] = {
        "client-certificate-data": base64.b64encode(Path("pki/dora.crt").read_bytes()).decode(),
        "client-key-data": base64.b64encode(Path("pki/dora.key").read_bytes()).decode(),
    }
    users["expired"] = {"token": "no-longer-good"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [
            {
                "name": name,
                "context": {"cluster": "lab", "user": name, "namespace": USERS.get(name, ("", "default"))[1]},
            }
            for name in users
        ],
        "current-context": "admin",
    }
    for name, text in (("tokens.csv", "\n".join(rows) + "\n"), ("kubeconfig", json.dumps(config, indent=1))):
        path = Path(name)
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")


main(sys.argv[1])
