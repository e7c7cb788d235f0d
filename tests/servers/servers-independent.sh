#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Other clients see what lagan has written: boto3, rclone and s3cmd read the bucket that was restored
# from one that boto3 has filled, in two dialects; and a vault that rclone has copied out of its
# bucket is a vault in a directory.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
requires_program rclone s3cmd
unset AWS_CA_BUNDLE AWS_PROFILE
claim_ports

# clone WORDS...: rclone; the store is called there.
clone()
{
    RCLONE_CONFIG=$scratch/rclone.conf RCLONE_CONFIG_THERE_TYPE=s3 \
        RCLONE_CONFIG_THERE_PROVIDER=$([ "$LAGAN_S3_DIALECT" = rgw ] && echo Ceph || echo Other) \
        RCLONE_CONFIG_THERE_ACCESS_KEY_ID=$LAGAN_S3_ACCESS RCLONE_CONFIG_THERE_REGION=us-east-1 \
        RCLONE_CONFIG_THERE_SECRET_ACCESS_KEY=$LAGAN_S3_SECRET \
        RCLONE_CONFIG_THERE_ENDPOINT=$LAGAN_S3_ENDPOINT rclone -q "$@"
}

third()
{
    s3cmd --no-progress --config=/dev/null --no-ssl --host="${LAGAN_S3_ENDPOINT#http://}" \
        --host-bucket="${LAGAN_S3_ENDPOINT#http://}" --access_key="$LAGAN_S3_ACCESS" \
        --secret_key="$LAGAN_S3_SECRET" "$@"
}

l()
{
    timeout 120 "$abs_top_builddir/run" lagan --config "$scratch/$LAGAN_S3_DIALECT.conf" "$@"
}

# compare_all: a bucket, backed up into another one, restored into a third.
compare_all()
{
    local plain=${1-}
    bucket create pictures
    bucket create vaults
    bucket create restored
    # shellcheck disable=SC2086
    bucket fill pictures $plain
    cat >"$LAGAN_S3_DIALECT.conf" <<-END
	state = $scratch/state-$LAGAN_S3_DIALECT
	drivers = { src_bucket, tgt_s3, tgt_dir, key_file }
	region west {
	    target tgt_s3 {
	        endpoint = "$LAGAN_S3_ENDPOINT"
	        bucket = vaults
	        credentials = "file:$LAGAN_S3_JSON_FILE"
	    }
	}
	region copy { target tgt_dir { path = $scratch/copy-$LAGAN_S3_DIALECT } }
	END
    l -q vault create main --region west --recovery-file "recovery-$LAGAN_S3_DIALECT"
    l -q source add pictures src_bucket bucket=pictures endpoint="$LAGAN_S3_ENDPOINT" \
        credentials="file:$LAGAN_S3_JSON_FILE"
    l -q backup create pictures
    l -q restore latest --to restored

    # Content, headers, metadata, tags, classes, by boto3.
    bucket digest pictures >pictures.digest
    bucket digest restored >restored.digest
    [ "$(wc -l <pictures.digest)" -ge 52 ] || fail 'the bucket was not filled'
    diff pictures.digest restored.digest >differs || fail "restored: $(cut -c 1-400 differs)"

    # By rclone, which knows no keys that are not like paths.
    clone check --download there:pictures/size there:restored/size
    clone check --download there:pictures/given there:restored/given
    clone lsjson --metadata -R there:pictures/given | grep -o '"Metadata":.*' >a
    clone lsjson --metadata -R there:restored/given | grep -o '"Metadata":.*' >b
    sed -i -E 's/"(mtime|btime|tier)":"[^"]*",?//g' a b
    diff a b || fail 'rclone sees other metadata'

    # By s3cmd, an object in parts and one with all headers.
    third get --force s3://pictures/parts/three one >get.log
    third get --force s3://restored/parts/three two >get.log
    cmp one two
    third info s3://restored/given/all >info
    expect_in info 'x-amz-meta-two-words'

    # And the vault: a copy by rclone, opened where there is no object store at all.
    clone copy there:vaults/main "copy-$LAGAN_S3_DIALECT/main"
    l -q verify --depth data --target "tgt_dir:path=$scratch/copy-$LAGAN_S3_DIALECT/main" \
        --recovery-key "file:recovery-$LAGAN_S3_DIALECT"
}

start_server rgw "$ports"
compare_all
# A difference shows: an object that another client has changed.
bucket many restored 1 10
bucket digest restored >restored.digest
! cmp -s pictures.digest restored.digest || fail 'another object was not seen'
bash "$servers/rgw.sh" stop "$scratch/rgw"

start_server swift "$ports"
compare_all --plain
