#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Drivers in processes of their own (`isolate = yes`): a backup, a check and a restore with all of
# them isolated give what they give without; the processes have no rights, no keys and no files of
# others while they work; a driver that crashes or never returns fails its task by name, and the
# next task works.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program sqlite3 timeout pgrep

umask 022
# configure YES|NO: all drivers isolated, or none.
configure()
{
    cat >lagan.conf <<END
state = $PWD/state
drivers = { src_files, tgt_dir, key_file, src_ill, tgt_ill }
driver src_files { isolate = $1 }
driver key_file { isolate = $1 }
driver tgt_dir { isolate = $1 }
driver src_ill { isolate = yes }
region west { target tgt_dir { path = $PWD/west } }
region east { target tgt_dir { path = $PWD/east  isolate = no } }
region ill { target tgt_ill { slot = put  isolate = yes } }
END
}
l() { timeout 120 "$abs_top_builddir/run" lagan --config "$PWD/lagan.conf" "$@"; }
export LAGAN_RUN_DRIVERS=$abs_top_builddir/test-drivers

mkdir -p tree/deep
for i in $(seq 200); do seq $((i * 7)) >tree/deep/small-$i; done
head -c 7000000 /dev/urandom >tree/large
ln tree/deep/small-7 tree/again
ln -s deep/small-7 tree/link
mkfifo tree/fifo
truncate -s 3M tree/sparse
: >tree/empty

echo '== what is wrong in the configuration is said'
configure maybe
expect_status 2 l vault list 2>err
expect_in err "lagan.conf:3: "
expect_in err "yes or no"

echo '== everything isolated: backup, list, check, restore'
configure yes
l -q vault create v --region west >/dev/null
l -q backup create "$PWD/tree" --vault v
l -q backup create "$PWD/tree" --vault v --exclude 'small-1*' --exclude large
l -q verify --vault v
l -q restore latest~1 --vault v --to "$PWD/back"
diff -r --no-dereference -x fifo tree back
[ -p back/fifo ]
[ back/again -ef back/deep/small-7 ]
l ls latest --vault v >listed
expect_in listed deep

echo '== without isolation the vault is read as it is, and written alike'
configure no
l -q verify --vault v
l -q restore latest~1 --vault v --to "$PWD/bare"
diff -r --no-dereference back bare -x fifo
l backup create "$PWD/tree" --vault v --json >bare.json
configure yes
l backup create "$PWD/tree" --vault v --json >isolated.json
# Nothing has changed between the two, whoever looks.
l diff latest~1 latest --vault v >changes
expect_in changes '0 added, 0 removed, 0 content, 0 attributes'
l -q restore latest --vault v --to "$PWD/rules"
l -q restore latest~2 --vault v --to "$PWD/less"
[ ! -e less/large ] && [ ! -e less/deep/small-10 ] && [ -e less/deep/small-2 ]

echo '== the processes at work'
head -c 200000000 /dev/zero >tree/zeroes
l -q backup create "$PWD/tree" --vault v &
job=$!
found=
for ((i = 0; i < 200; i++)); do
    for id in $(pgrep -x -f 'lagan driver-host'); do
        status=$(cat /proc/"$id"/status 2>/dev/null) || continue
        [[ $status == *$'Seccomp:\t2'* ]] || continue
        [[ $status == *$'NoNewPrivs:\t1'* ]] || fail "$status"
        # DAC_READ_SEARCH, or DAC_OVERRIDE with CHOWN and FOWNER: nothing else.
        mask=$((16#$(sed -n 's/^CapEff:\t//p' <<<"$status")))
        ((mask & ~16#f)) && [ -n "$found" ] && fail "capabilities $mask: $status"
        [ -z "$(tr -d '\0' <"/proc/$id/environ" 2>/dev/null)" ] || fail 'it has an environment'
        found="$found $id"
    done
    [ "$(wc -w <<<"$found")" -ge 5 ] && break
    sleep 0.02
done
wait $job
[ -n "$found" ] || fail 'no isolated process was seen'
rm tree/zeroes
sleep 0.3
for id in $found; do
    [ ! -d "/proc/$id" ] || [ "$(awk '/^State/ { print $2 }' /proc/"$id"/status)" = Z ] ||
        fail "process $id is still there"
done

echo '== a source that crashes fails its task, by name and signal; the next task works'
l -q source add broken src_ill slot=read_at --vault v
l -q source add good src_files path="$PWD/tree" --vault v
expect_status 1 l backup create broken --vault v 2>err
expect_in err 'src_ill: '
expect_in err 'the driver ended by signal 11 (Segmentation fault)'
l -q backup create good --vault v
l task list --json >tasks
expect_in tasks 'the driver ended by signal 11 (Segmentation fault)'

echo '== the runner goes on'
l -q policy create all 'schedule=cron 0 * * * *' zone=UTC --vault v
backups() { sqlite3 state/catalog.db 'SELECT count(*) FROM backups'; }
before=$(backups)
l policy run all >ran 2>&1 || :
l run --once >once 2>&1 || :
[ "$(backups)" -gt "$before" ] || { cat ran once; fail 'no backup of the good source'; }

echo '== a target that crashes'
expect_status 1 l vault create w --region ill 2>err
expect_in err 'tgt_ill: '
expect_in err 'the driver ended by signal 11 (Segmentation fault)'

# The grace of 10 s takes its time; unit tests have the same with less of it.
[ "${ROUNDS:-1}" -gt 1 ] || exit 0
echo '== one that never returns is ended at Ctrl-C, and at its timeout'
l -q source add stuck src_ill slot=walk_next how=block --vault v
sed 's/^driver src_ill .*/driver src_ill { isolate = yes  layers { timeout = 1s  retry = 0 } }/' \
    lagan.conf >timed.conf
chmod 600 timed.conf
start=$SECONDS
timeout 60 "$abs_top_builddir/run" lagan --config "$PWD/timed.conf" backup create stuck --vault v \
    2>timed &
timed=$!
timeout --signal=TERM 2 "$abs_top_builddir/run" lagan --config "$PWD/lagan.conf" backup create \
    stuck --vault v 2>cancelled && fail 'it ended by itself'
expect_status 5 wait $timed
expect_in timed 'src_ill: '
[ $((SECONDS - start)) -lt 40 ] || fail 'it took too long'
l -q backup create good --vault v
