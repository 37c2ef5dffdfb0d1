#!/usr/bin/env bash
# up.sh: prints `export DOCKER_HOST=…` of an engine that answers (and DOCKER_STARTED=1 if it was not there). Else starts one of its own, without network and
# without touching the machine's: data, socket and pid file below $DOCKER_RUN. down.sh stops that one, and nothing else.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
DOCKER_RUN=${DOCKER_RUN:-$LAB_RUN/docker}
socket=$DOCKER_RUN/docker.sock

answers() { curl -sf --max-time 3 --unix-socket "$1" http://engine/_ping >/dev/null; }
use() {
  echo "export DOCKER_HOST=unix://$1"
  exit 0
}

case ${DOCKER_HOST:-} in
  unix://*) ! answers "${DOCKER_HOST#unix://}" || use "${DOCKER_HOST#unix://}" ;;
  "") ! answers /var/run/docker.sock || use /var/run/docker.sock ;;
esac
mkdir -p "$DOCKER_RUN"
exec 9>"$DOCKER_RUN.lock"
flock 9
! answers "$socket" || use "$socket"

command -v curl >/dev/null || die "asking a Docker Engine needs curl; install it (apt-get install curl)."
[ "$(id -u)" = 0 ] || die "no Docker Engine answers, and only root can start one; start it, or point DOCKER_HOST at one."
command -v dockerd >/dev/null || {
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io iptables >&2
} || die "no Docker Engine answers and none can be installed; install docker.io by hand."
rm -f "$DOCKER_RUN/pid"
setsid nohup dockerd --host "unix://$socket" --data-root "$DOCKER_RUN/data" --exec-root "$DOCKER_RUN/exec" --pidfile "$DOCKER_RUN/pid" \
  --bridge none --iptables=false --ip6tables=false >"$DOCKER_RUN/log" 2>&1 </dev/null 9>&- &
for _ in $(seq 150); do
  ! answers "$socket" || {
    echo "export DOCKER_STARTED=1"
    use "$socket"
  }
  sleep 0.2
done
die "the Docker Engine did not come up; see $DOCKER_RUN/log."
