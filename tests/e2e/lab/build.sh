#!/usr/bin/env bash
# Builds the parts of a real cluster from pinned Go modules into $LAB/bin (about 20 minutes on 2 cores; at once when built).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
mkdir -p "$LAB/bin" "$LAB/crds"
exec 9>"$LAB/build.lock"
flock 9

need_go() {
  local want have
  command -v go >/dev/null || die "building the cluster's parts needs Go; install it (apt-get install golang-go) or set KUBECONFIG_E2E to a cluster of your own."
  want=$(sed -n 's/^go //p' "$LAB_HERE"/modules/*/go.mod | sort -V | tail -1)
  have=$(go env GOVERSION | sed 's/^go//; s/[ -].*//')
  [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -1)" = "$want" ] ||
    die "building the cluster's parts needs Go $want or later, and this is Go $have; install a later one or set KUBECONFIG_E2E to a cluster of your own."
}

build() { # module-folder import-path output [ldflags]
  local from="$LAB_HERE/modules/$1" pin began
  pin=$(cat "$from/go.mod" "$from/go.sum" - <<<"$2 ${4:-}" | sha256sum | cut -d' ' -f1)
  [ -x "$LAB/bin/$3" ] && [ "$(cat "$LAB/bin/$3.pin" 2>/dev/null)" = "$pin" ] && return
  need_go
  began=$SECONDS
  echo "lab: building $3 ($1)"
  (cd "$from" && go build -trimpath -ldflags "-s -w ${4:-}" -o "$LAB/bin/$3.new" "$2")
  mv "$LAB/bin/$3.new" "$LAB/bin/$3"  # a running lab keeps the file it has open
  echo "$pin" >"$LAB/bin/$3.pin"
  echo "lab: built $3 in $((SECONDS - began)) s"
}

crds() { # module-folder module-path folder file…
  local mark="$LAB/crds/.$1" pin dir
  pin=$(cat "$LAB_HERE/modules/$1/go.mod" - <<<"$*" | sha256sum | cut -d' ' -f1)
  [ "$(cat "$mark" 2>/dev/null)" = "$pin" ] && return
  need_go
  # By download, as the module cache may have been emptied since the build.
  dir=$(cd "$LAB_HERE/modules/$1" && go mod download -json "$2" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
  [ -d "$dir/$3" ] || die "$2 holds no folder $3."
  for f in "${@:4}"; do install -m 644 "$dir/$3/$f" "$LAB/crds/$f"; done
  echo "$pin" >"$mark"
}

V="-X k8s.io/component-base/version.gitVersion=v$KUBERNETES_VERSION -X k8s.io/component-base/version.gitMajor=${KUBERNETES_VERSION%%.*}"
V="$V -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES_VERSION")"
build etcd go.etcd.io/etcd/server/v3 etcd
for b in kube-apiserver kube-controller-manager kube-scheduler kubectl; do build kubernetes "k8s.io/kubernetes/cmd/$b" "$b" "$V"; done
build kwok sigs.k8s.io/kwok/cmd/kwok kwok
for b in rollouts-controller kubectl-argo-rollouts; do build argo "github.com/argoproj/argo-rollouts/cmd/$b" "$b"; done
crds kwok sigs.k8s.io/kwok kustomize/crd/bases kwok.x-k8s.io_logs.yaml kwok.x-k8s.io_clusterlogs.yaml kwok.x-k8s.io_portforwards.yaml \
  kwok.x-k8s.io_clusterportforwards.yaml
crds argo github.com/argoproj/argo-rollouts manifests/crds \
  rollout-crd.yaml analysis-run-crd.yaml analysis-template-crd.yaml cluster-analysis-template-crd.yaml experiment-crd.yaml
crds gateway-api sigs.k8s.io/gateway-api config/crd/standard \
  gateway.networking.k8s.io_gatewayclasses.yaml gateway.networking.k8s.io_gateways.yaml gateway.networking.k8s.io_httproutes.yaml \
  gateway.networking.k8s.io_referencegrants.yaml
