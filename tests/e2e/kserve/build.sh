#!/usr/bin/env bash
# Takes the kind InferenceService out of KServe's pinned Go module into $LAB/kserve (64 MB once; at once when it is there).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$LAB/kserve"
exec 9>"$LAB/build.kserve.lock"
flock 9
pin=$(cat "$here"/module/go.mod "$here"/module/go.sum | sha256sum | cut -d' ' -f1)
[ -f "$LAB/kserve/inferenceservices.yaml" ] && [ "$(cat "$LAB/kserve/.pin" 2>/dev/null)" = "$pin" ] && exit
command -v go >/dev/null || die "the kinds of KServe come from its Go module; install Go (apt-get install golang-go)."
cd "$here/module"
version=$(sed -n 's/^require \(.*\) \(v.*\)$/\1@\2/p' go.mod)
dir=$(go mod download -json "$version" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
install -m 644 "$dir/config/crd/full/serving.kserve.io_inferenceservices.yaml" "$LAB/kserve/inferenceservices.yaml"
echo "$pin" >"$LAB/kserve/.pin"
