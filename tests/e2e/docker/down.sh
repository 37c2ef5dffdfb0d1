#!/usr/bin/env bash
# Stops the Docker Engine that up.sh started, and forgets its images. One that was there before is left alone.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
DOCKER_RUN=${DOCKER_RUN:-$LAB_RUN/docker}
pid=$(cat "$DOCKER_RUN/pid" 2>/dev/null) || exit 0
ours() { [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] && grep -qzF -- "$DOCKER_RUN/pid" "/proc/$pid/cmdline"; }

if ours; then
  kill "$pid"
  for tries in $(seq 150); do
    ours || break
    [ "$tries" -lt 150 ] || kill -KILL "$pid"
    sleep 0.2
  done
fi
rm -rf "$DOCKER_RUN"
