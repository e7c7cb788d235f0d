#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rgw.sh - Ceph's object gateway for tests: one monitor, one storage daemon, one gateway, no
# authentication between them.  See servers.sh for how to call it.
#
# LAGAN_SERVER_STORE   memstore (default: starts fast, keeps all in memory) or bluestore (a file)
# LAGAN_SERVER_BYTES   most that it stores, default 4 GiB
# LAGAN_SERVER_LIMIT   most requests at a time, default 1024; above it answers 503 SlowDown
# LAGAN_SERVER_NODE    the storage daemon's id, default 0; servers of one machine may share it
#
# PORT is S3, PORT+1 the monitor, PORT+3 S3 with TLS, PORT+20 to PORT+60 the storage daemon.
# Besides STANDARD there is the storage class STANDARD_IA.  A second account, other, owns nothing.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/servers.sh"
server_name=rgw
server_programs='ceph-mon ceph-osd ceph radosgw radosgw-admin monmaptool curl openssl'

cluster=11111111-2222-3333-4444-555555555555
access=AKTEST0000000000
secret=secretsecretsecretsecret

# Without `ms ... mode = crc` the gateway insists on encryption that needs keys; without tcp_nodelay
# each small answer waits for 40 ms.
write_config()
{
    local bytes=${LAGAN_SERVER_BYTES:-4294967296}
    cat >"$folder/ceph.conf" <<-END
	[global]
	fsid = $cluster
	mon host = v2:127.0.0.1:$((port + 1))
	public addr = 127.0.0.1
	cluster addr = 127.0.0.1
	ms bind msgr1 = false
	ms bind port min = $((port + 20))
	ms bind port max = $((port + 60))
	ms mon client mode = crc
	ms client mode = crc
	ms cluster mode = crc
	ms service mode = crc
	debug ms = 0
	auth cluster required = none
	auth service required = none
	auth client required = none
	osd pool default size = 1
	osd pool default min size = 1
	osd pool default pg num = 8
	osd pool default pg autoscale mode = off
	mon allow pool size one = true
	mon warn on pool no redundancy = false
	mon data avail warn = 1
	mon data avail crit = 0
	osd crush chooseleaf type = 0
	run dir = $folder/run
	admin socket = $folder/run/\$name.sock
	pid file = $folder/run/\$name.pid
	log file = $folder/log/\$name.log
	mon cluster log file = $folder/log/cluster.log
	log to stderr = false
	err to stderr = false
	[mon]
	mon data = $folder/mon
	mon max pg per osd = 5000
	mon osd min down reporters = 1
	mon pg warn min per osd = 0
	mon osd full ratio = 0.99
	mon osd nearfull ratio = 0.98
	mon compact on start = false
	paxos propose interval = 0.05
	paxos min wait = 0.01
	[osd]
	osd data = $folder/osd
	osd objectstore = ${LAGAN_SERVER_STORE:-memstore}
	memstore device bytes = $bytes
	memstore page set = false
	bluestore block size = $bytes
	bluestore cache autotune = false
	bluestore cache size = 134217728
	bluestore fsck on mount = false
	osd memory target = 939524096
	osd class load list = *
	osd class default list = *
	osd op num shards = 2
	osd op num threads per shard = 1
	osd max pg per osd hard ratio = 100
	osd fast shutdown = true
	[client.rgw]
	rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1 ssl_endpoint=127.0.0.1:$((port + 3)) ssl_certificate=$folder/tls.pem
	rgw data = $folder/rgw
	rgw dns name = localhost
	rgw thread pool size = 64
	rgw max concurrent requests = ${LAGAN_SERVER_LIMIT:-1024}
	rgw crypt require ssl = false
	rgw enable usage log = false
	rgw enable ops log = false
	rgw gc obj min wait = 10
	rgw gc processor period = 10
	rgw gc processor max time = 10
	rgw lc debug interval = 10
	rgw lifecycle work time = 00:00-24:00
	rgw relaxed s3 bucket names = false
	END
}

# One file with key and certificate as the gateway wants it, and the certificate alone as its own
# authority for clients.
make_certificate()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
        -subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:*.localhost' \
        -keyout "$folder/tls.key" -out "$folder/tls.crt" >>"$setup" 2>&1
    cat "$folder/tls.key" "$folder/tls.crt" >"$folder/tls.pem"
}

start_monitor()
{
    if [ ! -e "$folder/mon/store.db" ]; then
        monmaptool --create --fsid $cluster --addv a "[v2:127.0.0.1:$((port + 1))]" --clobber \
            "$folder/monmap" >>"$setup" 2>&1
        ceph-mon -i a --mkfs --monmap "$folder/monmap" --mon-data "$folder/mon" >>"$setup" 2>&1 ||
            server_fail "ceph-mon --mkfs: $(tail -n 5 "$setup")"
    fi
    server_run ceph-mon -i a -f
}

# A storage daemon that was up before must be told down first, or the first requests wait for it
# for half a minute.
start_storage()
{
    if [ ! -e "$folder/osd/fsid" ]; then
        server_wait 60 timeout 20 ceph osd new $storage
        ceph-osd -i 0 --mkfs --osd-uuid $storage >>"$setup" 2>&1 ||
            server_fail "ceph-osd --mkfs: $(tail -n 5 "$setup")"
    else
        server_wait 60 timeout 5 ceph osd down 0
    fi
    server_run ceph-osd -i 0 -f
    server_wait 60 storage_is_up
}

storage_is_up()
{
    timeout 20 ceph osd stat 2>/dev/null | grep -q '1 up'
}

# admin ARGUMENT...: radosgw-admin, its answer into the log.
admin()
{
    timeout 60 radosgw-admin -n client.rgw "$@" >>"$setup" 2>&1
}

make_accounts()
{
    admin user create --uid=t --display-name=t --access-key=$access --secret-key=$secret \
        --caps='buckets=*;users=*'
    admin user create --uid=other --display-name=other --access-key=AKOTHER000000000 \
        --secret-key=$secret
}

# Before the gateway starts, which reads them once, and after the accounts, which make the zone.
make_storage_class()
{
    admin zonegroup placement add --rgw-zonegroup default --placement-id default-placement \
        --storage-class STANDARD_IA
    admin zone placement add --rgw-zone default --placement-id default-placement \
        --storage-class STANDARD_IA --data-pool default.rgw.buckets.infrequent
}

server_settings()
{
    cat <<-END
	export LAGAN_S3_DIALECT=rgw
	export LAGAN_S3_TLS_ENDPOINT='https://127.0.0.1:$((port + 3))'
	export LAGAN_S3_CA_FILE='$folder/tls.crt'
	export LAGAN_S3_OTHER_ACCESS=AKOTHER000000000
	END
}

server_start()
{
    export CEPH_CONF=$folder/ceph.conf
    setup=$folder/log/setup.log
    storage=77777777-2222-3333-4444-000000000000
    mkdir -p "$folder"/{mon,osd,run,rgw}
    write_config
    [ -e "$folder/tls.pem" ] || make_certificate
    start_monitor
    start_storage
    if [ ! -e "$folder/made" ]; then
        make_accounts || server_fail "accounts: $(tail -n 3 "$setup")"
        make_storage_class || server_fail "storage class: $(tail -n 3 "$setup")"
        : >"$folder/made"
    fi
    server_run radosgw -n client.rgw --no-mon-config -f
    server_wait 60 server_answers "http://127.0.0.1:$port/"
    server_credentials $access $secret
}

server_main "$@"
