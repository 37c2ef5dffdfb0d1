#!/usr/bin/env bash
# samples.sh: makes sure that the engine at DOCKER_HOST can build the sample models without a network, and prints the two images that
# stand for python:3.11-slim there: `BASE=…` (Debian's Python, nothing else) and `BUILDER=…` (that, with pip and the samples' wheels).
# The wheels are what the samples' hashed locks name. They are downloaded once and kept below $LAB by the hash of those locks.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/env.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
samples=$(cd "$here/../../../sample_configs/checks" && pwd)
base=mlcd-e2e-base:bookworm
"$here/base.sh" "$base" >/dev/null

pip=26.1 # the builder's own; the locks pin all else
platforms=()
for each in manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014; do platforms+=(--platform "${each}_$(uname -m)"); done
pin=$({ echo "$pip ${platforms[*]}"; cat "$samples"/*/requirements*.lock; } | sha256sum | cut -c1-16)
wheels=$LAB/wheels/$pin
builder=mlcd-e2e-builder:$pin

if docker image inspect "$builder" >/dev/null 2>&1; then
  printf 'BASE=%s\nBUILDER=%s\n' "$base" "$builder"
  exit
fi
mkdir -p "$LAB/wheels"
exec 9>"$LAB/wheels.lock"
flock 9
if [ ! -e "$wheels/complete" ]; then
  mkdir -p "$wheels"
  get=("${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$wheels"
    --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none "${platforms[@]}")
  for lock in "$samples"/*/requirements*.lock; do "${get[@]}" --require-hashes -r "$lock" >&2; done
  "${get[@]}" "pip==$pip" >&2
  : >"$wheels/complete"
fi
wheel=/opt/wheels/pip-$pip-py3-none-any.whl
DOCKER_BUILDKIT=0 docker build --network none --label mlcd.owner=mlcd-tui-e2e --tag "$builder" --file - "$wheels" >&2 <<DOCKERFILE
FROM $base
COPY . /opt/wheels
RUN python3 $wheel/pip install --quiet --no-index --break-system-packages --root-user-action ignore $wheel
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/opt/wheels PIP_ROOT_USER_ACTION=ignore
DOCKERFILE
printf 'BASE=%s\nBUILDER=%s\n' "$base" "$builder"
