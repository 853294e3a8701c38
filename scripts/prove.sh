#!/usr/bin/env bash
# Run every long proof, one after another; a failing one does not keep the next from running.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()
for proof in scripts/prove_*; do
  echo "== $proof"
  case $proof in
    *.py) scripts/uv run --no-sync python "$proof" </dev/null || failed+=("$proof") ;;
    *) bash "$proof" </dev/null || failed+=("$proof") ;;
  esac
done
if ((${#failed[@]})); then
  echo "not proven: ${failed[*]}" >&2
  exit 1
fi
echo "all proven"
