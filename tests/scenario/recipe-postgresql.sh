#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The recipes of doc/operations.md for PostgreSQL against Debian's server: a dump of a database
# that is written to meanwhile, dropped and restored in place; the whole cluster by
# pg_basebackup, started from what was restored; a server that is away.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] && [ -x "$bin/initdb" ] || skip 'needs the Debian package postgresql'
requires_program timeout setpriv

# A server refuses to run as root: nobody runs it then, in a folder that is nobody's.
server=$scratch/server
mkdir "$server" && chmod 755 "$scratch"
as_owner=()
if [ "$(id -u)" = 0 ]; then
    chown nobody "$server"
    as_owner=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$server")
fi

# start FOLDER, stop FOLDER: a server on a socket in its own folder.
start()
{
    local options="-p 15432 -c listen_addresses= -c unix_socket_directories=$server -c fsync=off"
    (cd "$server" && timeout 60 "${as_owner[@]}" "$bin/pg_ctl" -D "$server/$1" -s -w \
        -l "$server/log" -o "$options" start >/dev/null) || { cat "$server/log" >&2; fail "the server does not start on $1"; }
}
stop()
{
    (cd "$server" && timeout 60 "${as_owner[@]}" "$bin/pg_ctl" -D "$server/$1" -s -w -m immediate \
        stop >/dev/null) 2>&1 || :
}

(cd "$server" && "${as_owner[@]}" "$bin/initdb" -D "$server/data" -A trust -U keeper --no-sync \
    -E UTF8 --locale=C >/dev/null)
cleanup_fn stop data
cleanup_fn stop restored
start data

# sql [DATABASE] WORDS: one answer.
sql()
{
    "$bin/psql" -h "$server" -p 15432 -U keeper -XAtq -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}
sql postgres 'CREATE DATABASE shop'
sql shop "CREATE TABLE orders (id int PRIMARY KEY, words text, twin text CHECK (words = twin));
    INSERT INTO orders SELECT i, md5(i::text), md5(i::text) FROM generate_series(1, 30000) i"
kept="SELECT md5(string_agg(id || words, ',' ORDER BY id)) FROM orders WHERE id <= 30000"
before=$(sql shop "$kept")

initialise
mkdir -p conf/conf.d && echo 'drivers = { src_exec }' >conf/conf.d/exec.conf
chmod 600 conf/conf.d/exec.conf
connect="-h $server -p 15432 -U keeper"
l -q source add shop src_exec name=shop.dump "command=$bin/pg_dump -Fc -Z0 $connect shop" \
    "restore-command=$bin/pg_restore $connect --clean --if-exists --create -d postgres"
l -q source add cluster src_exec name=base.tar \
    "command=$bin/pg_basebackup $connect -D - -Ft -X fetch -c fast"

# Somebody goes on writing.
timeout 60 bash -c "for ((i = 30001; i < 40000; i++)); do
    echo \"INSERT INTO orders VALUES (\$i, 'new', 'new');\"; sleep 0.002; done |
    '$bin/psql' $connect -Xq -d shop" >/dev/null 2>&1 &
writer=$!
l -q backup create shop
l -q backup create cluster
kill $writer 2>/dev/null || :
wait $writer 2>/dev/null || :

# Dropped and restored.
sql postgres 'DROP DATABASE shop WITH (FORCE)'
l -q restore latest --source shop --in-place
[ "$(sql shop "$kept")" = "$before" ] || fail 'the dump is not what was there'
[ "$(sql shop 'SELECT count(*) >= 30000 FROM orders')" = t ]

# A second dump shares what stayed as it was.
l backup create shop --json >out
stored=$(sed -nE 's/.*"bytes_stored":([0-9]+).*/\1/p' out | head -n 1)
bytes=$(sed -nE 's/.*"bytes":([0-9]+).*/\1/p' out | head -n 1)
[ "$stored" -lt $((bytes / 2)) ] || fail "$stored of $bytes bytes are stored again"

# A server that is away, or a database that is not there: no backup, one line.
stop data
[ "$(status_of l backup create shop)" = 1 ]
expect_in err 'pg_dump ended with status 1: pg_dump: error: connection to server on socket'
start data
l -q source add none src_exec "command=$bin/pg_dump -Fc $connect none"
[ "$(status_of l backup create none)" = 1 ]
expect_in err 'ended with status 1: pg_dump: error: connection to server on socket'

# The cluster as it was: another server on what was restored.
l -q restore latest --source cluster --to base
stop data
mkdir "$server/restored" && tar -xf base/base.tar -C "$server/restored"
chmod 700 "$server/restored"
[ "$(id -u)" != 0 ] || chown -R nobody "$server/restored"
start restored
[ "$(sql shop "$kept")" = "$before" ] || fail 'the cluster is not what was there'
