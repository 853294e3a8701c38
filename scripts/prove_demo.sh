#!/usr/bin/env bash
# Prove that `make demo` works for a newcomer: a fresh clone, an empty home, a minimal Debian.
#   DEBIAN_ROOT=/path   keep the root there, so that the next run need not fetch it (default .prove/debian)
#   DEBIAN_SUITE, DEBIAN_MIRROR   as debootstrap takes them
#   TARGETS="demo test" what to make in it (default: demo)
#   PAGE=FILE           where the record goes (default docs/proofs/demo.md); it has what was said
# Needs root and debootstrap. What the host says about networks (resolver, certificates, pip, uv) is
# copied in; nothing else of it is.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${DEBIAN_ROOT:-$PWD/.prove/debian}
targets=${TARGETS:-demo}
page=${PAGE:-docs/proofs/demo.md}
said=$(mktemp)

[[ $(id -u) == 0 ]] || { echo "prove_demo: chroot needs root" >&2; exit 2; }
if ! command -v debootstrap >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi
if [[ ! -x $root/usr/bin/make ]]; then
  mkdir -p "$root"
  debootstrap --variant=minbase --include=python3,python3-venv,make,git,ca-certificates \
    "${DEBIAN_SUITE:-bookworm}" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$root.log" 2>&1 ||
    { tail "$root.log" >&2; exit 1; }
fi

cleanup() {
  rm -f "$said"
  unmount
}
unmount() { # a mount left behind would let a later `rm -rf` reach the host's /dev
  for at in proc dev; do
    ! mountpoint -q "$root/$at" || umount --recursive --lazy "$root/$at"
  done
}
trap cleanup EXIT
unmount
rm -rf "$root/home/newcomer" "$root/srv/pratique"
mkdir -p "$root/home/newcomer" "$root/srv" "$root/etc/ssl/certs"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"

git clone -q --no-hardlinks . "$root/srv/pratique"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
cert=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
[[ ! -r $cert ]] || cp -L "$cert" "$root/etc/ssl/certs/ca-certificates.crt"

# Only the settings that say where packages are and whom to trust, never the rest of the environment.
keep=(PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/home/newcomer LANG=C.UTF-8
  SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt)
index=${PIP_INDEX_URL:-$(pip config get global.index-url 2>/dev/null || true)}
[[ -z $index ]] || keep+=("PIP_INDEX_URL=$index")
for name in UV_DEFAULT_INDEX UV_INDEX_URL http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_DEFAULT_TIMEOUT; do
  [[ -z ${!name:-} ]] || keep+=("$name=${!name}")
done

where=$(chroot "$root" /usr/bin/env -i "${keep[@]}" sh -c '. /etc/os-release; echo "$PRETTY_NAME, $(python3 --version)"')
commit=$(git rev-parse --short=12 HEAD)
[[ -z $(git status --porcelain --untracked-files=no) ]] || echo "prove_demo: what is not committed is not proven" >&2
echo "$where, empty home, fresh clone of $commit"
for target in $targets; do
  start=$SECONDS
  {
    echo "\$ make $target"
    chroot "$root" /usr/bin/env -i "${keep[@]}" sh -c "cd /srv/pratique && make --no-print-directory $target" </dev/null 2>&1
    echo "prove_demo: make $target in $((SECONDS - start)) s"
  } | tee -a "$said"
done

# Written last and in one go: a run that failed leaves the former record as it was.
{
  echo "# The two commands, as a newcomer meets them"
  echo
  echo "Written by \`scripts/prove_demo.sh\` on $(date -u +%F) at commit $commit. Do not edit."
  echo
  echo "A minimal $where (debootstrap, with python3, python3-venv, make and git), an empty home, a"
  echo "fresh clone. Downloads are part of the time."
  echo
  echo '```console'
  sed -E 's/\x1b\[[0-9;]*m//g; s/[[:space:]]+$//' "$said"
  echo '```'
} >"$page.part"
mv "$page.part" "$page"
echo "prove_demo: recorded in $page"
