# shellcheck shell=bash
# Sourced by the lab's scripts: where the lab lives and how its parts are built.
# One folder holds the binaries of all checkouts (LAB); one folder holds one running lab (LAB_RUN).
LAB=${LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/mlcd-tui/lab}
LAB_RUN=${LAB_RUN:-$LAB/run}
LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KUBERNETES_VERSION=1.37.2
# Exactly what is committed here gets built: no go.mod is rewritten, no other Go toolchain is fetched.
export LAB LAB_RUN LAB_HERE KUBERNETES_VERSION GOFLAGS="-buildvcs=false -mod=readonly" GOTOOLCHAIN=local CGO_ENABLED=0

die() { echo "lab: $*" >&2; exit 1; }

# Whether the process of a pid file lives and is the program that was started (a pid may have been given to another since).
alive() { # name
  local pid
  pid=$(cat "$LAB_RUN/$1.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ "$(readlink "/proc/$pid/exe" 2>/dev/null | sed 's/ (deleted)$//')" = "$(cat "$LAB_RUN/$1.exe" 2>/dev/null)" ]
}
