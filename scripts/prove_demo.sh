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

[[ $(id -u) == 0 ]] || { echo "prove_demo: a root of its own needs root" >&2; exit 2; }
if ! command -v debootstrap >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi
if [[ ! -x $root/usr/bin/make ]]; then
  mkdir -p "$root"
  debootstrap --variant=minbase --include=python3,python3-venv,make,git,ca-certificates \
    "${DEBIAN_SUITE:-bookworm}" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$root.log" 2>&1 ||
    { tail "$root.log" >&2; exit 1; }
fi

trap 'rm -f "$said"' EXIT
for at in proc dev sys; do # a mount left behind would let `rm -rf` reach the host's own
  ! mountpoint -q "$root/$at" || { echo "prove_demo: $root/$at is a mount" >&2; exit 2; }
done
rm -rf "$root/home/newcomer" "$root/srv/pratique"
mkdir -p "$root/home/newcomer" "$root/srv" "$root/etc/ssl/certs"

# Not chroot: in one no user namespace can be made. The mounts are private and gone with the command.
inside() {
  unshare --mount --propagation private bash -c '
    set -e
    root=$1
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    for at in dev sys; do mount --rbind "/$at" "$root/$at"; done
    mkdir -p "$root/.old"
    cd "$root"
    pivot_root . .old
    umount --lazy /.old
    rmdir /.old
    exec /usr/bin/env -i "$@"' inside "$root" "$@"
}

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

where=$(inside "${keep[@]}" sh -c '. /etc/os-release; echo "$PRETTY_NAME, $(python3 --version)"')
commit=$(git rev-parse --short=12 HEAD)
[[ -z $(git status --porcelain --untracked-files=no) ]] || echo "prove_demo: what is not committed is not proven" >&2
echo "$where, empty home, fresh clone of $commit"
for target in $targets; do
  start=$SECONDS
  {
    echo "\$ make $target"
    inside "${keep[@]}" sh -c "cd /srv/pratique && make --no-print-directory $target" </dev/null 2>&1
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
