#!/usr/bin/env bash
# Installs the real model servers of these tests (MLflow; MLServer for the Open Inference Protocol) from their hashed locks into
# $LAB/venvs, each in an environment of its own, since they bring libraries that the program must not depend on.
# About two minutes; at once when the lock is the one that was installed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
mkdir -p "$LAB/venvs"
exec 9>"$LAB/venvs.lock"
flock 9

install() { # folder with a requirements.lock
  local lock="$LAB_HERE/../$1/requirements.lock" into="$LAB/venvs/$1" pin began
  pin=$({ sed '/^ *#/d' "$lock"; "${PYTHON:-python3}" -V; } | sha256sum | cut -d' ' -f1)
  [ "$(cat "$into/.pin" 2>/dev/null)" = "$pin" ] && return
  began=$SECONDS
  echo "lab: installing $1"
  rm -rf "$into"
  "${PYTHON:-python3}" -m venv "$into"
  "$into/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock"
  echo "$pin" >"$into/.pin"
  echo "lab: installed $1 in $((SECONDS - began)) s"
}

[ $# -gt 0 ] || set -- mlflow openinference
for server in "$@"; do install "$server"; done
