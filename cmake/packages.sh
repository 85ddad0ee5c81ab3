#!/bin/sh
# cmake/packages.sh: install the Debian packages a purpose needs, if missing.
#
#   cmake/packages.sh build    compile and link the two programs
#   cmake/packages.sh test     build, and run everything under tests/
#   cmake/packages.sh bench    test, and run everything under bench/
#
# Works on Debian 12 and 13. Says what it installs and why, then uses apt-get,
# with sudo when not root. Silent and instant when nothing is missing. No
# service is started, now or at the next boot, by what this installs.
set -eu

usage='usage: cmake/packages.sh build|test|bench'

# One line a package: purpose, name, reason.
list() {
    cat <<'LIST'
build build-essential        compiler, linker, libc headers, make
build gcc                    the compiler
build cmake                  build system
build ninja-build            what cmake drives
build pkg-config             finds the libraries below
build git                    version string
build ca-certificates        roots for collateral and for the outer TLS
build curl                   asks a running proxy, in the README's commands
build python3                generators and scripts
build libuv1-dev             event loop
build libsodium-dev          key agreement, sealed boxes, random, secret memory
build libcbor-dev            tunnel messages
build libipsec-mb-dev        AES-GCM with VAES, on x86-64
build libssl-dev             TLS for cmake/deps.sh's libcurl
build libyaml-dev            policy files
build uthash-dev             hash tables
build dpkg-dev               cmake/deps.sh unpacks a source package
build autoconf               cmake/deps.sh configures wolfSSL
build automake               cmake/deps.sh configures wolfSSL
build libtool                cmake/deps.sh configures wolfSSL
build xz-utils               cmake/deps.sh unpacks a source package
build debian-archive-keyring cmake/deps.sh checks signatures

test  clang                  sanitizers and fuzz targets
test  libclang-rt-dev        their run-time library
test  clang-format           tests/lint/format.sh
test  universal-ctags        second opinion in tests/lint/self_test.sh
test  libcmocka-dev          unit tests
test  libjansson-dev         unit tests read vectors
test  libwslay-dev           second opinion on WebSocket framing
test  nginx-light            load balancer and backend in end-to-end tests
test  haproxy                load balancer in end-to-end tests
test  openssl                second opinion on certificates
test  wget                   client in end-to-end tests
test  python3-websockets     WebSocket peer in end-to-end tests
test  python3-jsonschema     docs/schema
test  python3-yaml           reads the Kubernetes file
test  systemd                runs the units, and says what they leave open
test  crun                   runs the server as its container does
test  golang-github-containers-common  an engine's profile of system calls
test  chromium               browser_test
test  chromium-driver        drives it
test  firefox-esr            firefox_test
test  libnss3-tools          certutil, by which browsers trust a CA
test  nodejs                 another verifier, in differential_test
test  npm                    installs that, and axe-core for browser_test
test  python3-cryptography   makes certificates and bent evidence
test  openssh-client         client through SOCKS
test  fish                   reads completions and variables
test  zsh                    likewise
test  openssh-server         its server, and a peer in bench/

bench tinyproxy              peer: HTTP proxy
bench microsocks             peer: SOCKS5 proxy
bench privoxy                peer: HTTP proxy
bench shadowsocks-libev      peer: encrypting tunnel
bench stunnel4               peer: TLS tunnel
bench wrk                    load generator
bench apache2-utils          load generator (ab)
LIST
}

fail() {
    echo "packages.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || fail "$usage"
case $1 in
build) purposes='build' ;;
test)  purposes='build test' ;;
bench) purposes='build test bench' ;;
*)     fail "$usage" ;;
esac
command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail 'needs Debian (dpkg-query and apt-get)'

# One dpkg-query for all; it complains of names it never heard of: hence 2>.
installed=$(list | while read -r _ name _; do
    [ -z "$name" ] || echo "$name"
done | xargs dpkg-query -W -f '${Package} ${Status}\n' 2>/dev/null |
    sed -n 's/ install ok installed$//p') || true

missing=
reasons=
while read -r purpose name reason; do
    [ -n "$name" ] || continue
    case " $purposes " in *" $purpose "*) ;; *) continue ;; esac
    case "
$installed
" in *"
$name
"*) continue ;; esac
    # The first two often come from elsewhere, in packages that Debian's
    # conflict with; the third is for these processors alone.
    case $name in
    nodejs) ! command -v node >/dev/null || continue ;;
    npm) ! command -v npm >/dev/null || continue ;;
    libipsec-mb-dev) [ "$(dpkg --print-architecture)" = amd64 ] || continue ;;
    esac
    missing="$missing $name"
    reasons="$reasons
$(printf '  %-24s %s' "$name" "$reason")"
done <<LIST
$(list)
LIST
[ -n "$missing" ] || exit 0

echo "packages.sh: $1 needs, which takes some minutes to install:$reasons"

root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        fail "needs root or sudo; or have someone run: apt-get install$missing"
    root=sudo
fi

# Maintainer scripts find these by name, so stand-ins first in their path keep
# every service down and disabled, and leave the machine's policy alone.
quiet=$(mktemp -d)
trap 'rm -rf "$quiet"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$quiet"
for tool in invoke-rc.d deb-systemd-invoke deb-systemd-helper update-rc.d; do
    ln -s /bin/true "$quiet/$tool"
done

path="$quiet:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Stays quiet unless it fails.
apt_get() {
    if ! $root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Path="$path" \
        "$@" >"$quiet/log" 2>&1; then
        cat "$quiet/log" >&2
        return 1
    fi
}

begin=$(date +%s)
# Another archive of this machine may be down: that alone stops nothing.
apt_get update || echo 'packages.sh: warning: apt-get update failed' >&2
# shellcheck disable=SC2086 # one word a package
apt_get install --no-install-recommends $missing ||
    fail 'apt-get install failed'
echo "packages.sh: installed in $(($(date +%s) - begin)) s"
