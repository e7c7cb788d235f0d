#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Telling people, from the configuration to the receiver: notify list and test by all three ways,
# mails that a mail program can read, webhooks over TLS, metrics, tasks chosen (TSK-09), all
# fields of a task (TSK-10), the log as objects.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program jq python3 openssl

l() { lagan --config lagan.conf "$@"; }
is() { [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"; }

# serve NAME [CERTIFICATE]: a web server with its log in NAME.log; $port is where.
serve()
{
    local name=$1
    shift
    timeout 60 python3 "$abs_top_srcdir/tests/scenario/web_server.py" "$name.log" "$@" \
        >"$name.port" 2>"$name.errors" &
    cleanup_fn kill $!
    for ((i = 0; i < 100; i++)); do
        [ ! -s "$name.port" ] || break
        sleep 0.1
    done
    port=$(cat "$name.port")
    [ -n "$port" ] || fail "no web server: $(cat "$name.errors")"
}

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
cat key.pem cert.pem >both.pem
serve plain
plain=$port
serve secure both.pem
secure=$port

cat >sendmail <<.
#!/bin/sh
printf '%s\n' "\$@" >$PWD/words
cat >$PWD/mail
.
chmod 755 sendmail
echo 'Authorization: Bearer hush' >header
chmod 600 header
cat >lagan.conf <<.
state   = $PWD/state
drivers = { src_files, tgt_dir, key_file }
region here { target tgt_dir { path = $PWD/here } }
notify shell  { command = 'cat >$PWD/stdin; env >$PWD/env' severity = error }
notify mail   { mail = "root, ops@example.org" from = "backup@example.org" sendmail = $PWD/sendmail }
notify hook   { webhook = "http://127.0.0.1:$plain/hooks/t0ken" header = file:$PWD/header }
notify broken { webhook = "http://127.0.0.1:$plain/status/403" }
notify tls    { webhook = "https://127.0.0.1:$secure/x" events = { summary } }
notify away   { webhook = "http://127.0.0.1:9/x" }
notify hangs  { command = 'sleep 30' timeout = 1s }
metrics { file = $PWD/lagan.prom }
.
mkdir here
export XDG_CONFIG_HOME=$PWD HOME=$PWD

echo '== the ways'
l notify list --json | jq -r 'select(.type == "notify") | [.name, .kind, .to, .severity, .events] | join("|")' >list
diff list - <<. || fail 'notify list'
shell|command|cat >$PWD/stdin; env >$PWD/env|error|all
mail|mail|root, ops@example.org|warning|all
hook|webhook|http://127.0.0.1:$plain|warning|all
broken|webhook|http://127.0.0.1:$plain|warning|all
tls|webhook|https://127.0.0.1:$secure|info|summary
away|webhook|http://127.0.0.1:9|warning|all
hangs|command|sleep 30|warning|all
.
! l notify list | grep -q t0ken || fail 'the path of a webhook is shown'

echo '== a test by one way'
is shell "$(l notify test shell)" 'shell: told'
expect_in stdin 'a test of how people are told'
expect_in env LAGAN_EVENT=test
is hook "$(l notify test hook)" 'hook: told'
jq -r '[.method, .path, .headers.authorization, .headers["content-type"], (.body | fromjson | .event, .program)]
    | join("|")' plain.log >got
is hook "$(cat got)" 'POST|/hooks/t0ken|Bearer hush|application/json|test|lagan'
expect_status 1 l notify test nobody 2>errors
expect_in errors "there is no notify 'nobody'"
expect_in errors 'there are: shell, mail, hook'

echo '== and by all: each says what came of it'
expect_status 1 l notify test >out 2>errors
is told "$(cat out)" "$(printf '%s: told\n' shell mail hook)"
expect_in errors 'broken: http://127.0.0.1:'
expect_in errors 'answered with the status 403'
grep -qi 'lagan: tls: .*certificate' errors || fail "a certificate that nobody signed: $(cat errors)"
expect_in errors 'lagan: away: http://127.0.0.1:9: '
expect_in errors 'lagan: hangs: the command did not end within 1.0s and was stopped'
is secure "$(cat secure.log)" ''
expect_status 1 l notify test --json >out 2>/dev/null
is json "$(jq -r 'select(.type == "notify_test") | "\(.name) \(.told)"' out | tr '\n' ' ')" \
    'shell true mail true hook true broken false tls false away false hangs false '

echo '== a server whose certificate the configuration vouches for'
cp lagan.conf own.conf
echo "notify own { webhook = \"https://127.0.0.1:$secure/x\" ca-file = $PWD/cert.pem }" >>own.conf
is own "$(lagan --config own.conf notify test own)" 'own: told'

echo '== what a mail program reads'
is words "$(tr '\n' ' ' <words)" '-t -i '
python3 - mail <<'.' || fail "the mail: $(cat mail)"
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert not m.defects, m.defects
assert m["From"].addresses[0].addr_spec == "backup@example.org"
assert [a.addr_spec for a in m["To"].addresses] == ["root", "ops@example.org"], m["To"]
assert m["Subject"].endswith(": info: a test of how people are told"), m["Subject"]
assert m["Auto-Submitted"] == "auto-generated" and m["Date"].datetime.utcoffset().seconds == 0
assert m["Message-ID"].startswith("<lagan.") and m["Bcc"] is None
assert "whoever reads it will be told" in m.get_content()
.

echo '== metrics: as text, as JSON'
l -q vault create main --recovery-file recovery
mkdir tree && seq 10000 >tree/numbers
l -q source add tree src_files path="$PWD/tree" --vault main
l -q backup create tree
l metrics >metrics
now=$(date +%s)
made=$(sed -n 's/^lagan_source_last_success_timestamp_seconds{vault="main",region="here",role="normal",source="tree"} \([0-9]*\)\..*/\1/p' metrics)
[ -n "$made" ] && [ $((now - made)) -lt 60 ] || fail "the last success of tree: $made"
grep -q '^lagan_vault_backups{vault="main",region="here",role="normal"} 1$' metrics || fail 'the backup is not counted'
grep -q '^lagan_tasks{kind="backup",state="success"} 1$' metrics || fail 'the task is not counted'
l metrics --json | jq -r 'select(.type == "metrics") | .text' | grep -q '^lagan_build_info{version="' || fail 'metrics --json'
if command -v promtool >/dev/null; then promtool check metrics <metrics || fail 'promtool'; fi

echo '== TSK-09: tasks chosen by type, state, vault, source and time'
count() { l task list --json "$@" | jq -r 'select(.type == "task") | .kind' | sort | uniq -c | tr -s ' \n' ' '; }
l -q vault create other --recovery-file recovery2
l -q backup create tree --vault main
l -q verify --vault main
is all "$(count)" ' 2 backup 1 verify '
is type "$(count --type backup)" ' 2 backup '
is limit "$(count --type backup --limit 1)" ' 1 backup '
is vault "$(count --vault other --type backup)" ''
is source "$(count --source tree)" ' 2 backup '
is since "$(count --type backup --since 1h)" ' 2 backup '
is date "$(count --type backup --since "$(date -u +%Y-%m-%d --date=-1day)")" ' 2 backup '
is future "$(count --type backup --since "$(date -u +%Y-%m-%dT%H:%M:%SZ --date=+1day)")" ''
is state "$(count --type backup --state failed)" ''
expect_status 2 l task list --type nonsense 2>errors
expect_in errors 'it can be backup, restore, verify'
expect_status 2 l task list --since yesterday 2>errors
expect_in errors 'it is written as 7d, 2026-11-21'

echo '== TSK-10: a task with all its fields'
task=$(l task list --type backup --limit 1 --json | jq -r 'select(.type == "task") | .id')
l task show "$task" --json | jq 'select(.type == "task") | .created and .started and .ended and .entries
    and has("bytes") and (.problems == 0) and .vault_id and .source_id and .backup and (.percent == 100)' | grep -qx true ||
    fail "TSK-10: $(l task show "$task" --json)"

echo '== the runner: notices, metrics, the ping, and its log as objects'
ping=http://127.0.0.1:$plain/ping
sed "/^notify/d; /^metrics/d" lagan.conf >runner.conf
cat >>runner.conf <<.
notify done { command = 'cat >>$PWD/done' severity = info }
notify hook { webhook = "http://127.0.0.1:$plain/notices" severity = info }
notify lost { webhook = "http://127.0.0.1:9/x" }
metrics { file = $PWD/lagan.prom }
runner  { log-format = json  attempts = 1  ping = "$ping" }
.
chmod 600 runner.conf
r() { lagan --config runner.conf "$@"; }
r -q policy create nightly --vault main keep-count=7
r -q policy run nightly
r run --once >out 2>log || fail "the runner: $(cat log)"
expect_in done 'policy nightly: run of'
expect_in done 'backup-done (info), on '
is notice "$(jq -r 'select(.path == "/notices") | .body | fromjson | .event' plain.log | sort | tr '\n' ' ')" 'backup-done summary '
is ping "$(jq -r 'select(.path | startswith("/ping")) | "\(.method) \(.path)"' plain.log | sort -u)" 'GET /ping'
is mode "$(stat -c %a lagan.prom)" 644
expect_in lagan.prom 'lagan_policy_last_run{policy="nightly",kind="backup",state="success"} 1'
jq -es 'length > 0 and all(.[]; .time and .level and .area and .text)' log >/dev/null || fail "the log: $(cat log)"
jq 'select(.area == "job" and .operation == "backup") | .state == "success" and .job > 0
    and .source == "tree" and .vault == "main" and .policy == "nightly" and (has("error") | not)' log | grep -qx true ||
    fail "no line of the backup: $(cat log)"
r notify list | grep '^lost' | grep -q ' 0$' || fail 'nobody who wants warnings is told of a success'
# What fails is told, by the way that answers; the ping says so too.
mv tree gone
r -q policy run nightly
r run --once >out 2>log && fail 'the run did not fail'
jq -es 'all(.[]; .time and .level and .area and .text)' log >/dev/null || fail "the log: $(cat log)"
expect_in done 'backup-failed (error), on '
jq 'select(.area == "job" and .operation == "backup") | .code and .error and .level == "warning"' log | grep -qx true ||
    fail "no line of the backup that failed: $(cat log)"
r notify list | grep '^lost' | grep -q ' 1$' || fail "what could not be told waits: $(r notify list)"
is ping "$(jq -r 'select(.path | startswith("/ping")) | .path' plain.log | sort -u | tr '\n' ' ')" '/ping /ping/fail '

echo '== VLT-19: a vault that fills up is told of once'
mv gone tree
stored=$(r metrics | sed -n 's/^lagan_vault_stored_bytes{vault="main",.*} //p')
r -q vault update main --quota $((stored * 19 / 10)) --quota-warning 50
seq 20000 20400 >tree/more
r -q backup create tree --vault main 2>/dev/null
echo one >tree/one
r -q backup create tree --vault main 2>/dev/null
r run --once >out 2>log || :
is VLT-19 "$(grep -c '^quota-near (warning), on ' done)" 1
expect_in done 'vault main holds '

echo '== what the operations manual and the example of alarms name is there'
grep -oh 'lagan_[a-z_]*[a-z]' "$abs_top_srcdir"/doc/{operations.md,examples/telling/lagan.rules.yml} | sort -u | while read -r name; do
    grep -q "\"${name#lagan_}\"" "$abs_top_srcdir/core/engine/tell_metrics.c" ||
        [[ $name = lagan_figures_timestamp_seconds || $name = lagan_clock_doubtful ]] || fail "no metric $name"
done

echo '== a configuration that is wrong says where'
echo 'notify twice { mail = root command = true }' >>lagan.conf
expect_status 2 l notify list 2>errors
expect_in errors "lagan.conf:$(wc -l <lagan.conf): notify 'twice' has several ways to tell"
