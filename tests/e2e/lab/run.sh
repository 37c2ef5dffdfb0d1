#!/usr/bin/env bash
# run.sh COMMAND…: runs it on a real control plane (MLCD_E2E_KUBECONFIG), the lab's kubectl first on PATH.
# Builds what is missing and starts the lab if it is not up. Whoever leaves last stops it, unless LAB_KEEP=1 was set once.
# KUBECONFIG_E2E=<file> takes a cluster of your own instead, which must have Argo Rollouts.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
[ $# -gt 0 ] || die "usage: $0 COMMAND…"
if [ -n "${KUBECONFIG_E2E:-}" ]; then
  [ -r "$KUBECONFIG_E2E" ] || die "KUBECONFIG_E2E names $KUBECONFIG_E2E, which cannot be read."
  export MLCD_E2E_KUBECONFIG=$KUBECONFIG_E2E KUBECONFIG=$KUBECONFIG_E2E PATH=$LAB/bin:$PATH
  exec "$@"
fi
"$LAB_HERE/build.sh"
mkdir -p "$LAB_RUN/users"
exec 9>"$LAB_RUN.lock"

up() { # under the lock: nobody stops it between the look and our entry
  flock 9
  touch "$LAB_RUN/users/$$"
  if ! { [ -f "$LAB_RUN/ready" ] && alive apiserver && alive argo && alive kwok && "$LAB/bin/kubectl" --kubeconfig "$LAB_RUN/kubeconfig" get --raw /readyz >/dev/null 2>&1; }; then
    "$LAB_HERE/up.sh"
  fi
  [ "${LAB_KEEP:-0}" = 1 ] && touch "$LAB_RUN/kept"
  flock -u 9
}
leave() {
  flock 9
  rm -f "$LAB_RUN/users/$$"
  for user in "$LAB_RUN"/users/*; do
    [ -e "$user" ] && kill -0 "$(basename "$user")" 2>/dev/null && return
  done
  rm -f "$LAB_RUN"/users/*
  [ -f "$LAB_RUN/kept" ] || "$LAB_HERE/down.sh"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
up
set -a
. "$LAB_RUN/lab.env"
set +a
# Nothing that is run here may reach a cluster of the developer's by default.
export KUBECONFIG=$MLCD_E2E_KUBECONFIG
PATH=$LAB/bin:$PATH "$@" 9>&-
