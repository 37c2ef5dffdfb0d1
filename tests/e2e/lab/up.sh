#!/usr/bin/env bash
# Starts a lab cluster on loopback, on ports that are free now: etcd, Kubernetes, kwok's node and pods, Argo Rollouts.
# Writes $LAB_RUN/kubeconfig (its contexts are the lab's users) and $LAB_RUN/lab.env.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
for tool in openssl curl setsid; do command -v "$tool" >/dev/null || die "starting the cluster needs $tool; install it (apt-get install openssl curl util-linux)."; done
"$LAB_HERE/down.sh"
mkdir -p "$LAB_RUN/pki" "$LAB_RUN/logs"
chmod 700 "$LAB_RUN"
cd "$LAB_RUN"
PATH=$LAB/bin:$PATH
began=$SECONDS

start() { # name program args…; own session: an interrupt typed at the tests' terminal is not for the cluster
  local name=$1
  shift
  setsid nohup "$LAB/bin/$1" "${@:2}" >"logs/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$name.pid"
  readlink -f "$LAB/bin/$1" >"$name.exe"
}

wait_for() { # seconds what command…
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || die "$what did not come up; see $LAB_RUN/logs."
    sleep 0.2
  done
}

read -r ETCD PEER API KWOK ARGO_METRICS ARGO_HEALTH < <("$LAB_HERE/free_ports.py" 6)

ca() { # makes a certificate authority for the lab; kept between starts
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=mlcd-lab -keyout pki/ca.key -out pki/ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}
certificate() { # name subject extensions
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "pki/$1.key" -out "pki/$1.csr"
  openssl x509 -req -in "pki/$1.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 365 -out "pki/$1.crt" -extfile <(printf '%s\n' "$3" "authorityKeyIdentifier=keyid")
}
{
  ca
  certificate server /CN=127.0.0.1 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  certificate dora /O=operators/CN=dora 'extendedKeyUsage=clientAuth'
  openssl genrsa -out pki/sa.key 2048
  openssl rsa -in pki/sa.key -pubout -out pki/sa.pub
} 2>logs/openssl.log || die "openssl could not make the certificates; see $LAB_RUN/logs/openssl.log."
"$LAB_HERE/write_users.py" "https://127.0.0.1:$API"
export KUBECONFIG=$LAB_RUN/kubeconfig

start etcd etcd --data-dir etcd --listen-client-urls "http://127.0.0.1:$ETCD" --advertise-client-urls "http://127.0.0.1:$ETCD" \
  --listen-peer-urls "http://127.0.0.1:$PEER" --initial-advertise-peer-urls "http://127.0.0.1:$PEER" --initial-cluster "default=http://127.0.0.1:$PEER" --unsafe-no-fsync
start apiserver kube-apiserver --etcd-servers="http://127.0.0.1:$ETCD" --secure-port="$API" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 \
  --endpoint-reconciler-type=none --cert-dir=pki --tls-cert-file=pki/server.crt --tls-private-key-file=pki/server.key --client-ca-file=pki/ca.crt \
  --service-account-key-file=pki/sa.pub --service-account-signing-key-file=pki/sa.key --service-account-issuer=https://kubernetes.default.svc \
  --token-auth-file=tokens.csv --authorization-mode=RBAC --service-cluster-ip-range=10.96.0.0/16 --disable-admission-plugins=ServiceAccount \
  --kubelet-preferred-address-types=InternalIP
wait_for 90 "the API server" kubectl get --raw /readyz

start controllers kube-controller-manager --kubeconfig=kubeconfig --leader-elect=false --secure-port=0 --service-account-private-key-file=pki/sa.key \
  --kube-api-qps=200 --kube-api-burst=400
start scheduler kube-scheduler --kubeconfig kubeconfig --authentication-skip-lookup=true --leader-elect=false --secure-port=0 --kube-api-qps=200 --kube-api-burst=400
kubectl apply --server-side -f "$LAB/crds" -f "$LAB_HERE/objects" >logs/objects.log 2>&1 || die "the lab's objects were refused; see $LAB_RUN/logs/objects.log."
kubectl wait --for=condition=Established --timeout=60s crd --all >/dev/null
start argo rollouts-controller --kubeconfig kubeconfig --leader-elect=false --metricsPort "$ARGO_METRICS" --healthzPort "$ARGO_HEALTH" --qps 200 --burst 400
# The node's address is where the API server asks for logs: kwok answers there from the files that Logs and ClusterLogs objects name.
start kwok kwok --kubeconfig kubeconfig --manage-all-nodes=true --node-lease-duration-seconds=40 --cidr 10.64.0.0/10 --node-ip 127.0.0.1 --node-port "$KWOK" \
  --server-address "127.0.0.1:$KWOK" --tls-cert-file pki/server.crt --tls-private-key-file pki/server.key \
  --enable-crds Logs,ClusterLogs,PortForward,ClusterPortForward --config "$(printf '%s,' "$LAB_HERE"/stages/*.yaml | sed 's/,$//')"
wait_for 60 "kwok's node" sh -c 'kubectl get node node-0 -o jsonpath="{.status.conditions[?(@.type==\"Ready\")].status}" | grep -q True'
wait_for 60 "the rollouts controller" curl -fs "http://127.0.0.1:$ARGO_HEALTH/healthz"
wait_for 60 "the default service account" kubectl get serviceaccount default
# Every pod has these lines to tell, until a Logs object of its own says otherwise.
for i in 1 2 3; do printf '2026-01-01T00:00:0%d.000000000Z stdout F line %d of the lab\n' "$i" "$i"; done >pods.log
sed 's/of the lab/of the run before/' pods.log >pods.previous.log
kubectl apply -f - >>logs/objects.log <<K
{apiVersion: kwok.x-k8s.io/v1alpha1, kind: ClusterLogs, metadata: {name: all}, spec: {logs: [{logsFile: "$LAB_RUN/pods.log", previousLogsFile: "$LAB_RUN/pods.previous.log", follow: true}]}}
K
printf 'MLCD_E2E_KUBECONFIG=%s\nMLCD_E2E_ETCD=http://127.0.0.1:%s\n' "$KUBECONFIG" "$ETCD" >lab.env
touch ready
echo "lab: up in $((SECONDS - began)) s at https://127.0.0.1:$API"
