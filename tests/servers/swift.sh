#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# swift.sh - OpenStack Swift with its S3 API for tests: one proxy and one server of each kind.  See
# servers.sh for how to call it.  FOLDER must be on a file system with extended attributes.
#
# PORT is S3 (and Swift's own API), PORT+1 to PORT+3 accounts, containers and objects, PORT+4
# memcached.  The access key holds a colon, as Swift's do.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/servers.sh"
server_name=swift
server_programs='swift-proxy-server swift-account-server swift-container-server
    swift-object-server memcached curl /usr/bin/python3'

# In one process: the tool for rings is slow to start, four times.
make_rings()
{
    /usr/bin/python3 - "$folder/etc" "$port" <<-'END'
	import sys
	from swift.common.ring import RingBuilder
	folder, port = sys.argv[1], int(sys.argv[2])
	for number, kind in enumerate(("account", "container", "object"), 1):
	    ring = RingBuilder(6, 1, 0)
	    where = {"ip": "127.0.0.1", "port": port + number}
	    ring.add_dev(dict(where, id=0, region=1, zone=1, device="d1", weight=1.0, meta="",
	                      replication_ip=where["ip"], replication_port=where["port"]))
	    ring.rebalance()
	    ring.get_ring().save("%s/%s.ring.gz" % (folder, kind))
	END
}

# common NUMBER: what all four servers are told.
common()
{
    cat <<-END
	[DEFAULT]
	bind_ip = 127.0.0.1
	bind_port = $((port + $1))
	workers = 0
	user = $(id -un)
	swift_dir = $folder/etc
	devices = $folder/devices
	mount_check = false
	disable_fallocate = true
	log_address = $folder/nolog
	log_level = ERROR
	END
}

write_server_config()
{
    {
        common "$2"
        cat <<-END
	[pipeline:main]
	pipeline = $1-server
	[app:$1-server]
	use = egg:swift#$1
	allow_versions = on
	disk_chunk_size = 1048576
	network_chunk_size = 1048576
	END
    } >"$folder/etc/$1.conf"
}

write_proxy_config()
{
    local filter
    {
        common 0
        cat <<-END
	object_chunk_size = 1048576
	client_chunk_size = 1048576
	[pipeline:main]
	pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
	[app:proxy-server]
	use = egg:swift#proxy
	account_autocreate = true
	allow_account_management = true
	[filter:cache]
	use = egg:swift#memcache
	memcache_servers = 127.0.0.1:$((port + 4))
	[filter:s3api]
	use = egg:swift#s3api
	s3_acl = false
	location = us-east-1
	allow_multipart_uploads = true
	min_segment_size = 5242880
	check_bucket_owner = false
	dns_compliant_bucket_names = true
	storage_domain = localhost
	[filter:tempauth]
	use = egg:swift#tempauth
	user_test_tester = testing .admin
	user_test_other = otherpw
	[filter:versioned_writes]
	use = egg:swift#versioned_writes
	allow_versioned_writes = true
	allow_object_versioning = true
	END
        for filter in catch_errors gatekeeper healthcheck listing_formats bulk copy slo dlo symlink; do
            printf '[filter:%s]\nuse = egg:swift#%s\n' $filter $filter
        done
    } >"$folder/etc/proxy.conf"
}

write_config()
{
    printf '[swift-hash]\nswift_hash_path_suffix = s\nswift_hash_path_prefix = p\n%s\n' \
        '[storage-policy:0]
name = p0
default = yes' >"$folder/etc/swift.conf"
    write_server_config account 1
    write_server_config container 2
    write_server_config object 3
    write_proxy_config
}

server_settings()
{
    echo 'export LAGAN_S3_DIALECT=swift'
    echo "export LAGAN_S3_OTHER_ACCESS='test:other'"
}

has_attributes()
{
    /usr/bin/python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.lagan", b"1")' "$1"
}

port_is_open()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1")
}

server_start()
{
    local kind number=0
    mkdir -p "$folder"/etc "$folder"/devices/d1
    has_attributes "$folder/devices" 2>/dev/null ||
        server_skip "swift needs a file system with extended attributes at $folder"
    write_config
    [ -e "$folder/etc/object.ring.gz" ] || make_rings
    server_run memcached -u "$(id -un)" -l 127.0.0.1 -p $((port + 4)) -U 0 -m 64
    for kind in account container object; do
        server_run swift-$kind-server "$folder/etc/$kind.conf"
    done
    server_run swift-proxy-server "$folder/etc/proxy.conf"
    server_wait 60 curl -sf -o "$folder/answer" --max-time 5 "http://127.0.0.1:$port/healthcheck"
    for number in 1 2 3; do
        server_wait 60 port_is_open $((port + number))
    done
    server_credentials test:tester testing
}

server_main "$@"
