#!/usr/bin/env bash
# Stops what up.sh started, and nothing else, and waits for it to end (an API server that still lives would spoil the next start).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
parts=(kwok argo scheduler controllers apiserver etcd)

stop() { # name
  local pid tries=0
  if alive "$1"; then
    pid=$(cat "$LAB_RUN/$1.pid")
    kill "$pid"
    while alive "$1"; do
      sleep 0.1
      tries=$((tries + 1))
      [ "$tries" -eq 100 ] && kill -KILL "$pid"
    done
  fi
  rm -f "$LAB_RUN/$1.pid" "$LAB_RUN/$1.exe"
}

for part in "${parts[@]}"; do stop "$part"; done
rm -rf "$LAB_RUN/etcd" "$LAB_RUN/kept" "$LAB_RUN/ready"
