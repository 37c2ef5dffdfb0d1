#!/usr/bin/env bash
# Makes the programs of the data plane ready: Envoy (an environment of its own), and from the Gateway API project's Go module its echo
# server and its conformance tests, into $LAB. About two minutes; at once when nothing changed. nginx and Prometheus are Debian's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../lab/env.sh"
"$here/../mlflow/build.sh" gateway
mkdir -p "$LAB/bin"
exec 9>"$LAB/build.gateway.lock"
flock 9
pin=$(cat "$here"/conformance/{go.mod,go.sum,conformance_test.go} "$here/build.sh" | sha256sum | cut -d' ' -f1)
[ -x "$LAB/bin/gateway-echo" ] && [ "$(cat "$LAB/bin/gateway-conformance.pin" 2>/dev/null)" = "$pin" ] && exit 0
command -v go >/dev/null || die "building the conformance tests needs Go; install it (apt-get install golang-go)."
began=$SECONDS
echo "lab: building the conformance tests of Gateway API"
cd "$here/conformance"
module=sigs.k8s.io/gateway-api/conformance
source=$(go mod download -json $module | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
overlay=$(mktemp -d)
trap 'rm -rf "$overlay"' EXIT
# The echo server listens on every address of the machine; ours keeps to loopback, and is the module's own in all else.
sed 's/Sprintf(":%s"/Sprintf("127.0.0.1:%s"/; s/Addr:\( *\)fmt.Sprintf(":%s"/Addr:\1fmt.Sprintf("127.0.0.1:%s"/' \
  "$source/echo-basic/echo-basic.go" >"$overlay/echo-basic.go"
[ "$(grep -c '"127.0.0.1:%s"' "$overlay/echo-basic.go")" = 3 ] || die "the echo server listens in another way than it did."
printf '{"Replace": {"%s": "%s"}}' "$PWD/echo/main.go" "$overlay/echo-basic.go" >"$overlay/overlay.json"
go build -trimpath -overlay "$overlay/overlay.json" -ldflags "-s -w" -o "$LAB/bin/gateway-echo.new" ./echo
go test -c -trimpath -ldflags "-s -w" -o "$LAB/bin/gateway-conformance.test.new" .
mv "$LAB/bin/gateway-echo.new" "$LAB/bin/gateway-echo"
mv "$LAB/bin/gateway-conformance.test.new" "$LAB/bin/gateway-conformance.test"
echo "$pin" >"$LAB/bin/gateway-conformance.pin"
echo "lab: built the conformance tests in $((SECONDS - began)) s"
