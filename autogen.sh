#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sets up lagan from a fresh checkout.
#
#     ./autogen.sh             prepares the build (writes ./configure) and does nothing else
#     ./autogen.sh check       installs what is missing, builds in ./build, runs all tests
#     ./autogen.sh demo [DIR]  the same without the tests, then backs DIR up and restores it
#                              in a scratch folder (DIR: this checkout, unless named)
#
# Missing Debian packages are installed as root or through sudo; nothing else on the machine
# changes.
set -eu

# The one list of Debian packages: tools, libraries, and what only tests use.
packages='
build-essential autoconf automake libtool pkg-config
libltdl-dev libsqlite3-dev libssl-dev libzstd-dev libarchive-dev libconfuse-dev
libcurl4-openssl-dev libexpat1-dev libmicrohttpd-dev libcmocka-dev libp11-kit-dev
rsync strace acl attr libcap2-bin python3 python3-cryptography sqlite3 mandoc jq
systemd tzdata openssl softhsm2 opensc spin meson ninja-build'

# What `make check-servers` starts and looks with.  Without these its tests are skipped.
server_packages='
ceph-mon ceph-osd radosgw ceph-common
swift-proxy swift-account swift-container swift-object memcached
curl python3-boto3 rclone s3cmd'

say()
{
    printf '%s\n' "autogen.sh: $*"
}

fail()
{
    say "$*" >&2
    exit 1
}

# missing_packages NAME...
missing_packages()
{
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf ' %s' "$package"
    done
}

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_packages()
{
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say 'this is no Debian: the packages below, under the names of your system, are expected'
        say $packages
        return
    fi
    # shellcheck disable=SC2086
    missing=$(missing_packages $packages)
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        fail "neither root nor sudo: please have these installed, then try again:$missing"
    say "installing:$missing"
    # A list that is old or absent is the usual reason for a first failure.
    install="env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
    as_root $install $missing ||
        { as_root apt-get update -q && as_root $install $missing; } ||
        fail "apt-get could not install:$missing"
}

# Servers for tests: they are not started by being installed where policy-rc.d says so, and their
# absence is no failure.
install_server_packages()
{
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
    # shellcheck disable=SC2086
    missing=$(missing_packages $server_packages)
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || return 0
    say "installing for make check-servers:$missing"
    install="env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q \
        --no-install-recommends"
    as_root $install $missing || { as_root apt-get update -q && as_root $install $missing; } ||
        say "not installed, their tests are skipped:$missing"
}

prepare()
{
    for tool in autoreconf automake libtoolize pkg-config; do
        command -v $tool >/dev/null || fail "$tool is missing; './autogen.sh check' installs it," \
            'or: apt-get install' $packages
    done
    autoreconf -fi
    # Autoconf wants to remove a core dump at the end of configure; here `core` is a folder.
    sed 's/rm -f core \*\.core core\.conftest/rm -f *.core core.conftest/' configure >configure.new
    cat configure.new >configure
    rm -f configure.new
}

build()
{
    [ ! -e config.status ] ||
        fail 'the checkout itself was configured; run "make distclean" in it first'
    mkdir -p build
    cd build
    ../configure
    make -j"$(nproc)"
}

case ${1-} in
'' | check | demo) ;;
*)
    sed -n '3,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

if [ "${1-}" = demo ] && [ -n "${2-}" ]; then
    demo_folder=$(cd "$2" && pwd) || fail "demo: no folder $2"
fi
cd "$(dirname "$0")"

case ${1-} in
'')
    prepare
    say 'ready.  Next: mkdir build; cd build; ../configure; make; make check'
    say "(or './autogen.sh check', which does all of it; './autogen.sh demo' shows what it is for)"
    ;;
check)
    install_packages
    install_server_packages
    prepare
    build
    status=0
    make -j"$(nproc)" check || status=$?
    [ $status -eq 0 ] || say "some tests failed; their output is in build/test-suite.log" >&2
    servers=0
    make -j2 check-servers || servers=$?
    [ $servers -eq 0 ] || say "some tests failed; their output is in build/servers-suite.log" >&2
    [ $status -ne 0 ] || status=$servers
    exit $status
    ;;
demo)
    install_packages
    prepare >build.log 2>&1 || { cat build.log >&2; fail 'the build could not be prepared'; }
    say 'building lagan; this takes a minute (output goes to build.log)'
    (build && make tests/drivers/clock_shift.so) >>build.log 2>&1 ||
        { tail -40 build.log >&2; fail 'the build failed: see build.log'; }
    abs_top_srcdir=$(pwd) abs_top_builddir=$(pwd)/build
    export abs_top_srcdir abs_top_builddir
    exec bash tests/demo.sh "${demo_folder:-$abs_top_srcdir}"
    ;;
esac
