#!/bin/sh
# cmake/deps.sh: build wolfSSL and libcurl and fetch llhttp into a folder of our
# own.
#
#   cmake/deps.sh [--fresh] PREFIX      e.g. cmake/deps.sh build/deps
#
# PREFIX then holds include/wolfssl/, include/curl/, include/llhttp.h and
# lib/lib{wolfssl,curl,llhttp}.a, which is where cmake/VeriteeDeps.cmake looks.
# Nothing is installed outside PREFIX and the machine's own package lists stay
# as they are. Takes less than a minute; does nothing when PREFIX is up to date
# already. --fresh builds all the same, to pick up a security update of the
# sources.
#
# Why not the packages of Debian 12: its wolfSSL is built without assembler
# (AES-GCM 40 times slower, ECDSA 5 times) and with compatibility defaults we
# do not want; its libcurl speaks 25 protocols and brings 29 other libraries
# into a process that wants HTTPS; its llhttp 8 accepts smuggled headers that
# llhttp 9.2 refuses. They come from Debian 13 instead, the first two as source,
# from the mirror that this machine uses anyway, checked against Debian's
# archive keys.
set -eu

suite=trixie
keys=/usr/share/keyrings/debian-archive-keyring.gpg
wolfssl_known=5.7.2 # the versions the edits below were made for
curl_known=8.14.1 # the version whose switches are set below
llhttp_known=9.2.
alpn_places=1
vzeroupper_sp=15
vzeroupper_poly1305=1

usage='usage: cmake/deps.sh [--fresh] PREFIX'

fail() {
    echo "deps.sh: $*" >&2
    exit 1
}

# --- what is asked for -------------------------------------------------------

fresh=no
if [ "${1-}" = --fresh ]; then
    fresh=yes
    shift
fi
[ -n "${1-}" ] && [ $# -eq 1 ] || fail "$usage"

for tool in apt-get dpkg-source dpkg-deb autoreconf libtoolize make gcc \
    cmake ninja flock sha256sum xz; do
    command -v "$tool" >/dev/null ||
        fail "needs $tool: run cmake/packages.sh build"
done
[ -r "$keys" ] || fail "needs $keys: run cmake/packages.sh build"

mkdir -p "$1"
prefix=$(cd "$1" && pwd -P)
case $prefix in *[!A-Za-z0-9_./+,@~-]*)
    fail "PREFIX must not hold blanks or quotes (autotools): $prefix" ;;
esac
[ -e "$prefix/.lock" ] || [ -z "$(ls -A "$prefix")" ] ||
    fail "$prefix holds other things: name a folder for this alone"
script=$(sha256sum <"$0" | cut -d' ' -f1)
arch=$(dpkg --print-architecture)

up_to_date() {
    grep -qx "script $script" "$prefix/stamp" 2>/dev/null &&
        grep -qx "arch $arch" "$prefix/stamp" &&
        [ -f "$prefix/lib/libwolfssl.a" ] &&
        [ -f "$prefix/lib/libcurl.a" ] &&
        [ -f "$prefix/lib/libllhttp.a" ] &&
        [ -f "$prefix/include/wolfssl/options.h" ] &&
        [ -f "$prefix/include/curl/curl.h" ] &&
        [ -f "$prefix/include/llhttp.h" ]
}

# One at a time; the second then finds the first one's work done.
exec 9>"$prefix/.lock"
flock -n 9 || { echo 'deps.sh: waiting for another run'; flock 9; }
if [ $fresh = no ] && up_to_date; then
    exit 0
fi

rm -rf "$prefix"/.work.* # of a run that was killed
work=$(mktemp -d "$prefix/.work.XXXXXX")
log=$work/log
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"

# --- steps, each a line with its time ----------------------------------------

now_ms() { echo $(($(date +%s%N) / 1000000)); }
all_began=$(now_ms)

# step WHAT COMMAND...: quiet unless it fails. (A command is asked for its
# status, so set -e is off inside: commands chain with && or return.)
step() {
    what=$1
    began=$(now_ms)
    shift
    if ! "$@" >"$log" 2>&1 9>&-; then
        tail -n 40 "$log" >&2
        fail "$what: failed"
    fi
    took=$(($(now_ms) - began))
    printf 'deps.sh: %-34s %3d.%d s\n' "$what" \
        $((took / 1000)) $((took % 1000 / 100))
}

# --- packages, through an apt that knows nothing but this folder --------------

# From the machine's own sources: one line per archive, suite exchanged.
write_sources() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' | sort -u |
        while read -r uri release component; do
            case "$component $release $uri" in
            *' cdrom:'*) ;;
            'main '*'-security '* | 'main '*/updates' '*)
                echo "[signed-by=$keys] $uri $suite-security main" ;;
            'main '*'-'*) ;; # -updates, -backports
            'main '*)
                echo "[signed-by=$keys] $uri $suite main" ;;
            esac
        done | sort -u | sed 'h; s/^/deb /p; g; s/^/deb-src /' >sources.list
    grep -q " $suite main" sources.list ||
        fail 'no Debian mirror among the sources of apt on this machine'
    grep -q " $suite-security main" sources.list ||
        echo "deps.sh: warning: no security archive among apt's sources"
}

# Of the machine's settings only how to reach a mirror (proxies and the like);
# signatures are asked for whatever they say.
write_apt_conf() {
    mkdir -p lists/partial cache/archives/partial
    apt-config dump | grep '^Acquire::' >apt.conf
    cat >>apt.conf <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$work/lists";
Dir::State::status "/dev/null";
Dir::Cache "$work/cache";
Acquire::Languages "none";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Get::Only-Source "true";
APT::Sandbox::User "root"; // another user may not reach this folder
CONF
}

# versions NAME: those of a source package, the newest first.
versions() {
    apt-cache showsrc "$1" | sed -n 's/^Version: //p' | sort -ruV
}

# fetch_source NAME: the newest version that there is, into NAME.version. A
# mirror may lack what its index of security updates already names.
fetch_source() {
    for version in $(versions "$1"); do
        if apt-get -q source --download-only "$1=$version"; then
            echo "$version" >"$1.version"
            return 0
        fi
    done
    return 1
}

# One of several archives may be no Debian: what counts is what is found.
fetch_once() {
    apt-get -q update || true
    fetch_source wolfssl && fetch_source curl &&
        apt-get -q download libllhttp-dev
}

# A mirror that is being updated answers 404 for a moment.
fetch() {
    export APT_CONFIG="$work/apt.conf"
    for pause in 2 5 0; do
        if fetch_once; then
            return 0
        fi
        sleep "$pause"
    done
    return 1
}

check_versions() {
    wolfssl=$(cat wolfssl.version)
    curl=$(cat curl.version)
    llhttp=$(dpkg-deb -f libllhttp-dev_*.deb Version)
    for source in wolfssl curl; do
        newest=$(versions $source | head -n 1)
        [ "$newest" = "$(cat $source.version)" ] ||
            echo "deps.sh: warning: the mirror lacks $source $newest" \
                "($(cat $source.version) instead): run again with --fresh later"
    done
    case $wolfssl in "$wolfssl_known"-*) ;; *)
        fail "wolfSSL is $wolfssl now: read its changes, check the edits" ;;
    esac
    case $curl in "$curl_known"-*) ;; *)
        fail "curl is $curl now: read its changes, check the switches" ;;
    esac
    case $llhttp in "$llhttp_known"*) ;; *)
        fail "llhttp is $llhttp now: read its changes" ;;
    esac
}

# apt has checked every file against the signed index.
unpack() {
    dpkg-source --no-check -x "wolfssl_$wolfssl.dsc" src &&
        dpkg-source --no-check -x "curl_$curl.dsc" curl &&
        dpkg-deb -x libllhttp-dev_*.deb llhttp
}

# --- wolfSSL -----------------------------------------------------------------

# edit FILE EXPECTED AWK-PROGRAM: the program prints the file and counts its
# changes in n; any other number than EXPECTED means the source has moved.
edit() {
    n=$(awk "$3"'
        END { print n + 0 >"/dev/stderr" }' "$1" 2>&1 >edited) || return 1
    if [ "$n" != "$2" ]; then
        echo "$1: changed $n places, expected $2"
        return 1
    fi
    cat edited >"$1" && rm edited
}

# CVE-2026-3547, open in Debian: the last entry's length went unchecked.
edit_alpn='
    /^static int TLSX_ALPN_ParseAndSet\(/ { inside = 1 }
    inside && /\(s - input\) < size;/ { sub(/< size;/, "< length;"); n++ }
    /^}/ { inside = 0 }
    { print }'

# Functions that leave the upper halves of ymm registers dirty make the SSE
# code after them (SHA-NI) 40 times slower: clean up before each return.
edit_vzeroupper='
    function flush(i) {
        for (i = 0; i < held; i++) {
            if (ymm && !clean && line[i] ~ /^[ \t]+(repz[ \t]+)?retq?[ \t]*$/) {
                print "        vzeroupper"
                n++
            }
            print line[i]
        }
        held = ymm = clean = 0
    }
    /^\.type[ \t]/ { flush() }
    /%ymm/ { ymm = 1 }
    /vzeroupper/ { clean = 1 }
    { line[held++] = $0 }
    /^\.size[ \t]/ { flush() }
    END { flush() }'

# The self-test signs longer digests than a Debian security patch allows.
edit_test='
    /^#define ECC_DIGEST_SIZE +MAX_ECC_BYTES/ { sub(/MAX_.*/, "64"); n++ }
    { print }'

edit_all() {
    edit src/src/tls.c $alpn_places "$edit_alpn" &&
        edit src/wolfcrypt/src/sp_x86_64_asm.S $vzeroupper_sp \
            "$edit_vzeroupper" &&
        edit src/wolfcrypt/src/poly1305_asm.S $vzeroupper_poly1305 \
            "$edit_vzeroupper" &&
        edit src/wolfcrypt/test/test.c 1 "$edit_test"
}

# Assembler is chosen at run time by what the processor can do, so the library
# runs on every machine of its architecture.
case $arch in
amd64) assembler='--enable-sp-asm --enable-intelasm' ;;
*) assembler= && echo "deps.sh: warning: no assembler for $arch: slow" ;;
esac

# What the tunnel, the outer TLS and the verifier need, and no more: most of
# wolfSSL's past security bugs are in what is switched off here.
configure() {
    cd src || return 1
    ./autogen.sh || return 1
    # shellcheck disable=SC2086 # $assembler is several words
    ./configure --prefix=/ CC=gcc CPPFLAGS= LDFLAGS= CFLAGS="-O3 -fPIC \
-fstack-protector-strong \
-DWOLFSSL_ALT_NAMES -DWOLFSSL_CERT_NAME_ALL -DWOLFSSL_ALWAYS_KEEP_SNI \
-DWC_RSA_PSS -DHAVE_EX_DATA -DKEEP_PEER_CERT -DNO_SESSION_CACHE_REF \
-DWOLFSSL_IP_ALT_NAME -DWOLFSSL_HOSTNAME_VERIFY_ALT_NAME_ONLY" \
        --enable-static --disable-shared --disable-examples \
        --disable-crypttests --disable-benchmark --disable-jobserver \
        --enable-tls13 --disable-oldtls --enable-harden \
        --enable-sp=yes,4096 $assembler \
        --enable-alpn --enable-sni --enable-session-ticket \
        --enable-keying-material \
        --enable-certgen --enable-certext --enable-keygen \
        --enable-sys-ca-certs --enable-altcertchains \
        --enable-curve25519 --enable-ed25519 --enable-xchacha --enable-hkdf \
        --disable-dh --disable-des3 --disable-arc4 --disable-md5 \
        --disable-md4 --disable-aescbc --disable-dsa --disable-psk \
        --disable-pkcs7 --disable-ocsp --disable-crl --disable-ocspstapling \
        --disable-dtls
}

compile() {
    make -C src -j"$(nproc)" &&
        make -C src install DESTDIR="$work/out"
}

self_test() {
    cd src || return 1
    gcc -w -I "$work/out/include" -I . -o self_test wolfcrypt/test/test.c \
        "$work/out/lib/libwolfssl.a" -lm -lpthread || return 1
    ./self_test >passed || { cat passed; return 1; }
    for test in ECC RSA AES-GCM ED25519; do
        grep -q "^$test *test passed" passed || { cat passed; return 1; }
    done
}

# --- libcurl -----------------------------------------------------------------

# Only what collateral/fetch.c asks for: GET by HTTP/1.1 and TLS, through a HTTP
# proxy that wants no password, names looked up in a thread. OpenSSL and the
# system's roots as in Debian's own build.
curl_off='ALTSVC AWS BINDLOCAL COOKIES DOH FORM_API GETOPTIONS HSTS HTTP_AUTH
    KERBEROS_AUTH MIME NEGOTIATE_AUTH NETRC NTLM SHA512_256 SRP WEBSOCKETS'
curl_is='supported_protocols="HTTP HTTPS"
supported_features="AsynchDNS HTTPS-proxy IPv6 Largefile SSL threadsafe"'

configure_curl() {
    for part in $curl_off; do
        set -- "$@" "-DCURL_DISABLE_$part=ON"
    done
    for part in CURL_BROTLI CURL_USE_LIBPSL CURL_USE_LIBSSH2 CURL_ZLIB \
        CURL_ZSTD USE_LIBIDN2 USE_NGHTTP2 ENABLE_UNIX_SOCKETS BUILD_CURL_EXE \
        BUILD_SHARED_LIBS BUILD_LIBCURL_DOCS BUILD_MISC_DOCS BUILD_TESTING \
        ENABLE_CURL_MANUAL PICKY_COMPILER; do
        set -- "$@" "-D$part=OFF"
    done
    cmake -S curl -B curl/build -G Ninja -DCMAKE_C_COMPILER=gcc \
        -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_LIBDIR=lib \
        -DCMAKE_C_FLAGS="-O2 -fPIC -fstack-protector-strong \
-D_FORTIFY_SOURCE=2 -ffile-prefix-map=$work/=" \
        -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=40 \
        -DHTTP_ONLY=ON -DENABLE_THREADED_RESOLVER=ON -DCURL_USE_OPENSSL=ON \
        -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
        -DCURL_CA_PATH=/etc/ssl/certs "$@" || return 1
    grep '^supported_' curl/build/libcurl.pc # no more, and no less
    [ "$(grep '^supported_' curl/build/libcurl.pc)" = "$curl_is" ]
}

compile_curl() {
    cmake --build curl/build &&
        DESTDIR="$work/out" cmake --install curl/build --prefix /
}

# --- the result --------------------------------------------------------------

# Old files go first, the stamp comes last: what is half done is done again.
hand_over() {
    rm -rf "$prefix/stamp" "$prefix/include/wolfssl" "$prefix/include/curl"
    mkdir -p "$prefix/include" "$prefix/lib"
    mv out/include/wolfssl out/include/curl llhttp/usr/include/llhttp.h \
        "$prefix/include/"
    mv out/lib/libwolfssl.a out/lib/libcurl.a llhttp/usr/lib/*/libllhttp.a \
        "$prefix/lib/"
    printf '%s\n' "script $script" "arch $arch" "wolfssl $wolfssl" \
        "curl $curl" "llhttp $llhttp" >stamp
    mv stamp "$prefix/stamp"
}

write_sources
write_apt_conf
step 'fetch sources, checking signatures' fetch
check_versions
step 'unpack' unpack
step 'edit wolfSSL (ALPN, vzeroupper)' edit_all
(step 'configure wolfSSL' configure)
step 'compile wolfSSL' compile
(step 'wolfCrypt self-test' self_test)
step 'configure libcurl' configure_curl
step 'compile libcurl' compile_curl
hand_over
echo "deps.sh: wolfSSL $wolfssl, libcurl $curl and llhttp ${llhttp%%~*}" \
    "in $prefix," \
    "$((($(now_ms) - all_began) / 1000)) s"
