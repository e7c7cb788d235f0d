# SPDX-License-Identifier: Apache-2.0
# kit-functions.sh - what the scenarios of the driver kit share; sourced behind functions.sh.

# stage: installs the build into a folder of this test.  Sets `staged` (its prefix), and PATH and
# pkg-config so that what is there is found, wherever the prefix says that it is.
stage()
{
    local description
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
        flock "$abs_top_builddir/config.status" \
        make -s -C "$abs_top_builddir" install DESTDIR="$scratch/root" >stage.log 2>&1 ||
        { cat stage.log >&2; fail 'make install'; }
    description=$(find "$scratch/root" -name lagan-driver.pc)
    [ -n "$description" ] || fail 'no lagan-driver.pc is installed'
    chmod -R go-w root
    staged=$(dirname "$(dirname "$(dirname "$description")")")
    [ -x "$staged/bin/lagan" ] || skip 'needs a folder of libraries right below the prefix'
    export PKG_CONFIG_PATH=${description%/*} PKG_CONFIG='pkg-config --define-prefix'
    export PATH=$staged/bin:$PATH
    unset MAKEFLAGS MFLAGS MAKELEVEL LAGAN
}

# quietly COMMAND...: its output is shown when it fails.
quietly()
{
    "$@" >quietly.log 2>&1 || { cat quietly.log >&2; fail "$*"; }
}

# places: a folder where nobody waits for a disk, if there is one; removed at the end.  The suite
# sees by the calls of a driver whether it syncs.
places()
{
    local folder=$scratch/places
    if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
        folder=$(mktemp -d /dev/shm/lagan-$test_name.XXXXXX)
        cleanup_fn rm -rf "$folder"
    else
        mkdir "$folder"
    fi
    places=$folder
}
