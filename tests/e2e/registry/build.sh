#!/usr/bin/env bash
# Builds two real registries from pinned Go modules into $LAB/bin (two minutes; at once when built):
# distribution, the reference, with logins and without the referrers API; and the one of go-containerregistry, with it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shopt -s nullglob
mkdir -p "$LAB/bin"
exec 9>"$LAB/build.registry.lock"
flock 9

build() { # module-folder import-path output
  local from="$here/modules/$1" pin
  pin=$(cat "$from"/go.mod "$from"/go.sum "$from"/*.go - <<<"$2" | sha256sum | cut -d' ' -f1)
  [ -x "$LAB/bin/$3" ] && [ "$(cat "$LAB/bin/$3.pin" 2>/dev/null)" = "$pin" ] && return
  command -v go >/dev/null || die "building the registries needs Go; install it (apt-get install golang-go)."
  echo "lab: building $3"
  (cd "$from" && go build -trimpath -ldflags "-s -w" -o "$LAB/bin/$3.new" "$2")
  mv "$LAB/bin/$3.new" "$LAB/bin/$3"
  echo "$pin" >"$LAB/bin/$3.pin"
}

build distribution github.com/distribution/distribution/v3/cmd/registry registry-distribution
build referrers . registry-referrers
