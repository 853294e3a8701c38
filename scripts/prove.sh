#!/usr/bin/env bash
# Run every long proof, one after another; a failing one does not keep the next from running.
#   scripts/prove.sh            all of scripts/prove_*
#   scripts/prove.sh jail demo  those two
set -uo pipefail
cd "$(dirname "$0")/.."
names=("$@")
if ((${#names[@]} == 0)); then
  for proof in scripts/prove_*; do
    name=${proof#scripts/prove_}
    names+=("${name%.*}")
  done
fi
proven=() failed=()
for name in "${names[@]}"; do
  proof=$(ls "scripts/prove_$name".* 2>/dev/null | head -n 1)
  echo "== ${proof:-$name}"
  case $proof in
    *.py) scripts/uv run --no-sync python "$proof" </dev/null ;;
    *.sh) bash "$proof" </dev/null ;;
    *) echo "prove: there is no proof '$name'" >&2; false ;;
  esac && proven+=("$name") || failed+=("$name")
done
echo "== proven: ${proven[*]:-nothing}"
if ((${#failed[@]})); then
  echo "== not proven: ${failed[*]}" >&2
  exit 1
fi
