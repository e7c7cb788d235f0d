/* SPDX-License-Identifier: Apache-2.0 */
/* key_kind.c - what the frame must know of key providers. */
#include "conformance/key_kit.h"

static void exercise(struct trial *t, struct opened *o, unsigned round)
{
    struct key_secret secret = key_secret_of(round, 32);
    struct key_form form = key_wrap(t, o, "exercise", &secret);
    key_expect_secret(t, o, "exercise", &form, &secret);
}

/* A provider makes its key where there is none, and else takes the one that is there. */
const struct check_kind check_kind_key = {
    .kind = LAGAN_KIND_KEY, .own_place = true, .exercise = exercise};
