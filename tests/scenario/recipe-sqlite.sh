#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The recipe of doc/operations.md for SQLite: a consistent copy of a database that is written to
# meanwhile, as a file through src_exec and as a dump; restored, and whole.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program sqlite3

sqlite3 shop.db >/dev/null <<'END'
PRAGMA journal_mode = WAL;
CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER, twin INTEGER CHECK (amount = twin));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO orders SELECT i, i * 7, i * 7 FROM n;
END

# Somebody writes all the time, for at most a minute.
timeout 60 bash -c 'for ((i = 0; i < 2000; i++)); do
    echo "PRAGMA busy_timeout = 5000; INSERT INTO orders (amount, twin) VALUES ($i, $i);"
    sleep 0.005
done | sqlite3 shop.db >/dev/null' &
writer=$!

initialise
mkdir -p conf/conf.d && echo 'drivers = { src_exec }' >conf/conf.d/exec.conf
chmod 600 conf/conf.d/exec.conf
# mode=rw: a database that is away is an error, and not made anew.
l -q source add shop src_exec name=shop.db shell=yes \
    "command=t=\$(mktemp) && trap 'rm -f \$t' EXIT && sqlite3 'file:$PWD/shop.db?mode=rw' \
'.timeout 10000' \".backup \$t\" && cat \$t"
l -q source add shop-dump src_exec name=shop.sql \
    "command=$(command -v sqlite3) file:$PWD/shop.db?mode=rw .dump" \
    "restore-command=$(command -v sqlite3) $PWD/new.db"
l -q backup create shop
l -q restore latest --to back
l -q backup create shop-dump
l -q restore latest --source shop-dump --in-place
l drill run | has ' 0 differ'
kill $writer 2>/dev/null || :
wait $writer 2>/dev/null || :

for file in back/shop.db new.db; do
    [ "$(sqlite3 "$file" 'PRAGMA integrity_check')" = ok ]
    [ "$(sqlite3 "$file" 'SELECT count(*) >= 20000 FROM orders')" = 1 ]
    [ "$(sqlite3 "$file" 'SELECT sum(amount) FROM orders WHERE id <= 20000')" = 1400070000 ]
done

# A database that is away makes no backup of nothing.
mv shop.db away.db
count=$(l --json backup list | grep -c '"type":"backup"')
for source in shop shop-dump; do
    [ "$(status_of l backup create "$source")" = 1 ]
    expect_in err 'ended with status 1: Error: unable to open database'
done
[ "$(l --json backup list | grep -c '"type":"backup"')" = "$count" ]
