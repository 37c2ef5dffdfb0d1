#!/usr/bin/env bash
# Builds the Flagger controller from its pinned Go module into $LAB/bin (two minutes; at once when built), its CRDs beside it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$LAB/bin" "$LAB/flagger"
exec 9>"$LAB/build.flagger.lock"
flock 9
pin=$(cat "$here"/module/go.mod "$here"/module/go.sum | sha256sum | cut -d' ' -f1)
[ -x "$LAB/bin/flagger" ] && [ -f "$LAB/flagger/crd.yaml" ] && [ "$(cat "$LAB/bin/flagger.pin" 2>/dev/null)" = "$pin" ] && exit
command -v go >/dev/null || die "building Flagger needs Go; install it (apt-get install golang-go)."
echo "lab: building flagger"
cd "$here/module"
go build -trimpath -ldflags "-s -w" -o "$LAB/bin/flagger.new" github.com/fluxcd/flagger/cmd/flagger
dir=$(go mod download -json github.com/fluxcd/flagger | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
install -m 644 "$dir/artifacts/flagger/crd.yaml" "$LAB/flagger/crd.yaml"
mv "$LAB/bin/flagger.new" "$LAB/bin/flagger"
echo "$pin" >"$LAB/bin/flagger.pin"
