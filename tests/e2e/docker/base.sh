#!/usr/bin/env bash
# base.sh [NAME]: makes sure that the engine at DOCKER_HOST has the base image (Debian with python3, nothing else), and prints its ID.
# The root file system is built once by mmdebstrap and kept below $LAB; an engine imports it in seconds. Nothing is pulled.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
name=${1:-mlcd-e2e-base:bookworm}
kept=$LAB/images/base-bookworm.tar

id() { docker image inspect --format '{{.Id}}' "$name" 2>/dev/null; }

if id; then exit 0; fi
command -v docker >/dev/null || die "importing an image needs the docker command (apt-get install docker.io)."
mkdir -p "$LAB/images"
exec 9>"$kept.lock"
flock 9
if id; then exit 0; fi
if [ ! -s "$kept" ]; then
  as_root=()
  [ "$EUID" = 0 ] || as_root=(sudo -n)
  command -v mmdebstrap >/dev/null || {
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends mmdebstrap debian-archive-keyring >&2
  } || die "the base image needs mmdebstrap and Debian's keys; install them by hand."
  "${as_root[@]}" mmdebstrap --quiet --variant=minbase --include=python3-minimal,libpython3-stdlib \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$kept.part.tar" >&2
  mv "$kept.part.tar" "$kept"
fi
# Said by its entry: what an imported image lacks is a command and a PATH.
docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'CMD ["python3"]' "$kept" "$name" >/dev/null
id
