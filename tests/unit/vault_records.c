/* SPDX-License-Identifier: Apache-2.0 */
/* vault_records.c - see vault_records.h. */
#include "vault_records_private.h"

#include "base/text.h"
#include "crypto/derive.h"
#include "unit.h"
#include "vault/about_codec.h"
#include "vault/conf.h"
#include "vault/lock_codec.h"
#include "vault/roll.h"
#include "vault/seal_codec.h"
#include "vault/slot.h"

#include <stdlib.h>
#include <string.h>

const uint8_t records_uuid[16] = "sixteen bytes id";
const uint8_t records_kek[32] = "key-encryption key, 32 bytes too";
const char records_passphrase[] = "correct horse battery staple";

static const uint8_t salt[32] = "a salt, that must be random, 32.";
static const uint8_t scrypt_salt[32] = "another salt, for scrypt alone..";

struct masters *records_masters(void)
{
    struct error e = ERROR_INIT;
    struct masters *m = masters_new(&e);

    assert_non_null(m);
    m->count = 2;
    memcpy(m->items[0].secret, "the master secret, 32 bytes long", 32);
    m->items[1].epoch = 3;
    memcpy(m->items[1].secret, "another secret of a later epoch.", 32);
    return m;
}

struct keys *records_keys(void)
{
    struct error e = ERROR_INIT;
    struct masters *m = records_masters();
    struct keys *k = keys_new(records_uuid, m, &e);

    assert_non_null(k);
    masters_free(m);
    return k;
}

struct vault_writer records_writer(void)
{
    struct keys *k = records_keys();
    struct vault_writer w;
    struct error e = ERROR_INIT;

    assert_int_equal(keys_writer(k, (const uint8_t *)"the writer's id.", &w, &e), 0);
    keys_free(k);
    return w;
}

static struct trust trust_of(const struct keys *k)
{
    return (struct trust){records_uuid, keys_root_public(k)};
}

/* The configuration. */

static struct conf fixed_conf(const struct keys *k)
{
    struct conf c;

    memset(&c, 0, sizeof(c));
    vault_settings_default(&c.settings, "Vault of n\xc3\xb8 one");
    memcpy(c.settings.uuid, records_uuid, 16);
    memcpy(c.settings.root_public, keys_root_public(k), 32);
    c.settings.generation = 2;
    c.settings.created_ns = T0 * NS + 123456789;
    c.settings.features_compat = 1;
    c.settings.features_read_only = 2;
    c.settings.key_epoch = 3;
    c.settings.compression_level = -5;
    memset(c.previous, 0xab, sizeof(c.previous));
    return c;
}

static void encode_conf(struct buffer *out)
{
    struct keys *k = records_keys();
    struct conf c = fixed_conf(k);
    struct error e = ERROR_INIT;

    assert_int_equal(conf_encode(&c, k, out, &e), 0);
    keys_free(k);
}

static int decode_conf(const void *data, size_t size, struct error *e)
{
    struct conf c;

    return conf_decode(data, size, "conf/00000002", &c, e);
}

static void check_conf(const struct buffer *object)
{
    struct keys *k = records_keys();
    struct conf expected = fixed_conf(k), found;
    struct error e = ERROR_INIT;

    memset(&found, 0, sizeof(found));
    assert_int_equal(conf_decode(object->data, object->size, "conf/00000002", &found, &e), 0);
    hash_sha256(object->data, object->size, expected.hash);
    assert_memory_equal(&found.settings, &expected.settings, sizeof(found.settings));
    assert_memory_equal(found.previous, expected.previous, 32);
    assert_memory_equal(found.hash, expected.hash, 32);
    keys_free(k);
}

/* Key slots. */

static struct slot fixed_slot(enum vault_slot_kind kind)
{
    struct slot s = {.kind = kind, .created_ns = T0 * NS, .label = "kept by Zo\xc3\xab"};

    memcpy(s.uuid, records_uuid, 16);
    if (kind == VAULT_SLOT_PASSPHRASE) {
        s.scrypt = (struct slot_scrypt){.log2_n = 10, .r = 8, .p = 1};
        memcpy(s.scrypt.salt, scrypt_salt, 32);
    } else if (kind == VAULT_SLOT_PROVIDER) {
        strcpy(s.driver, "key_file");
        strcpy(s.identity, "file /etc/lagan/east.key, id 3f2a");
        s.wrapped = reader_of("wrapped by the provider", 23);
    }
    return s;
}

static void kek_of(const struct slot *s, uint8_t kek[32])
{
    struct slot_opener opener = {.kind = VAULT_SLOT_PASSPHRASE,
                                 .passphrase = records_passphrase,
                                 .passphrase_size = sizeof(records_passphrase) - 1};
    struct error e = ERROR_INIT;
    struct secret secret;

    memcpy(kek, records_kek, 32);
    if (s->kind != VAULT_SLOT_PASSPHRASE)
        return;
    assert_int_equal(slot_kek(s, &opener, "slot", &secret, &e), 0);
    memcpy(kek, secret.bytes, 32);
}

static void encode_slot(enum vault_slot_kind kind, struct buffer *out)
{
    struct slot s = fixed_slot(kind);
    struct masters *m = records_masters();
    struct error e = ERROR_INIT;
    uint8_t kek[32];

    kek_of(&s, kek);
    assert_int_equal(slot_encode(&s, kek, salt, m, out, &e), 0);
    masters_free(m);
}

/* Decoding alone proves nothing of the secret part: what is in question is the whole way. */
static int open_slot(const void *data, size_t size, struct slot *s, struct masters *m,
                     struct error *e)
{
    uint8_t kek[32];

    if (slot_decode(data, size, "slot", s, e) != 0)
        return -1;
    if (memcmp(s->uuid, records_uuid, 16) != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "of another vault");
    memcpy(kek, records_kek, 32);
    /* An altered scrypt parameter may ask for minutes of work; any change is found all the
     * same. */
    if (s->kind == VAULT_SLOT_PASSPHRASE) {
        struct slot fixed = fixed_slot(VAULT_SLOT_PASSPHRASE);

        if (memcmp(&s->scrypt, &fixed.scrypt, sizeof(fixed.scrypt)) != 0)
            return error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY, "other parameters, another key");
        kek_of(&fixed, kek);
    }
    return slot_open(s, kek, "slot", m, e);
}

static int decode_slot(const void *data, size_t size, struct error *e)
{
    struct masters *m = records_masters();
    struct slot s;
    int result = open_slot(data, size, &s, m, e);

    masters_free(m);
    return result;
}

static void check_slot(enum vault_slot_kind kind, const struct buffer *object)
{
    struct slot expected = fixed_slot(kind), found;
    struct masters *right = records_masters();
    struct error e = ERROR_INIT;
    struct masters *m = masters_new(&e);

    assert_int_equal(open_slot(object->data, object->size, &found, m, &e), 0);
    assert_memory_equal(m, right, sizeof(*m));
    assert_int_equal(found.kind, kind);
    assert_int_equal(found.created_ns, expected.created_ns);
    assert_string_equal(found.label, expected.label);
    assert_string_equal(found.driver, expected.driver);
    assert_string_equal(found.identity, expected.identity);
    assert_int_equal(found.wrapped.left, expected.wrapped.left);
    assert_memory_equal(&found.scrypt, &expected.scrypt, sizeof(found.scrypt));
    masters_free(m);
    masters_free(right);
}

static void encode_recovery(struct buffer *out)
{
    encode_slot(VAULT_SLOT_RECOVERY, out);
}

static void check_recovery(const struct buffer *object)
{
    check_slot(VAULT_SLOT_RECOVERY, object);
}

static void encode_passphrase(struct buffer *out)
{
    encode_slot(VAULT_SLOT_PASSPHRASE, out);
}

static void check_passphrase(const struct buffer *object)
{
    check_slot(VAULT_SLOT_PASSPHRASE, object);
}

static void encode_provider(struct buffer *out)
{
    encode_slot(VAULT_SLOT_PROVIDER, out);
}

static void check_provider(const struct buffer *object)
{
    check_slot(VAULT_SLOT_PROVIDER, object);
}

/* Seals. */

static const uint8_t seal_id[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

static void fill_outer(struct seal *s)
{
    text_hex(seal_id, 8, s->id);
    memcpy(s->session, "session's uuid..", 16);
    s->prune_epoch = 7;
    memcpy(s->writer, "the writer's id.", 16);
    s->created_ns = T0 * NS + 999;
    seal_name(seal_id, s->created_ns, s->name);
    s->key_epoch = 3;
    s->previous_count = s->pack_count = 2;
    s->roll_count = 1;
    s->previous = calloc(2, 32);
    s->packs = calloc(2, sizeof(*s->packs));
    s->rolls = calloc(1, 32);
    memset(s->previous[0], 0x11, 32);
    memset(s->previous[1], 0x22, 32);
    memset(s->rolls[0], 0x33, 32);
    memset(s->packs[0].hash, 0x44, 32);
    memset(s->packs[1].hash, 0x55, 32);
    s->packs[0].bytes = 64 << 20;
    s->packs[1].bytes = UINT64_C(5) << 32;
}

static void fill_inner(struct seal *s, struct error *e)
{
    memcpy(s->source_id, "the source's id.", 16);
    seal_set_text(&s->source_driver, "src_files", e);
    seal_set_text(&s->source_name, "home", e);
    seal_set_text(&s->host, "host.example", e);
    seal_add_parameter(s, "path", "/home", e);
    seal_add_parameter(s, "one-file-system", "yes", e);
    s->root = (struct tree_root){.height = 2, .entries = 1000000, .bytes = UINT64_C(1) << 40};
    memset(s->root.id.bytes, 0x66, 32);
    s->start_ns = T0 * NS - 60 * NS;
    s->end_ns = T0 * NS;
    s->counters = (struct seal_counters){1000000, 1, 2, 3, 4, 5, 6, 7};
    seal_set_text(&s->backup_name, "nightly", e);
    seal_set_text(&s->description, "", e);
    s->flags = SEAL_PARTIAL | SEAL_FULL;
    seal_add_problem(s, "a\0b", 3, LAGAN_DENIED, "permission denied", e);
    seal_add_problem(s, "c", 1, LAGAN_IO, "input/output error", e);
    s->problem_total = 12345;
    seal_set_text(&s->program, "lagan 0.1", e);
    s->has_parent = true;
    memset(s->parent, 0x77, 32);
    seal_add_tag(s, "keep", "for ever", e);
}

struct seal *records_seal(void)
{
    struct error e = ERROR_INIT;
    struct seal *s = seal_new(&e);

    assert_non_null(s);
    fill_outer(s);
    fill_inner(s, &e);
    assert_int_equal(e.error_class, LAGAN_OK);
    return s;
}

/* A seal as it was before it told rules, or one with rules. */
static struct seal *make_seal(bool rules)
{
    struct seal *s = records_seal();
    struct error e = ERROR_INIT;

    if (rules) {
        assert_int_equal(seal_add_rule(s, "exclude", "*.o", &e), 0);
        assert_int_equal(seal_add_rule(s, "include", "keep.o", &e), 0);
        assert_int_equal(seal_add_rule(s, "exclude", "", &e), 0);
    }
    return s;
}

static void encode_either_seal(bool rules, struct buffer *out)
{
    struct keys *k = records_keys();
    struct vault_writer w = records_writer();
    struct seal *s = make_seal(rules);
    struct error e = ERROR_INIT;

    assert_int_equal(
        seal_encode(s, records_uuid, keys_wrapping(k, VAULT_WRAP_META, 3), salt, &w, out, &e),
        0);
    seal_free(s);
    keys_free(k);
}

static void encode_seal(struct buffer *out)
{
    encode_either_seal(false, out);
}

static void encode_seal_with_rules(struct buffer *out)
{
    encode_either_seal(true, out);
}

static int decode_seal(const void *data, size_t size, struct error *e)
{
    struct keys *k = records_keys();
    const struct trust trust = trust_of(k);
    struct seal *expected = records_seal(), *s = NULL;
    /* Without keys: what a mirror or an auditor can tell. */
    int result = seal_decode(data, size, expected->name, &trust, NULL, 0, &s, e);

    seal_free(s);
    seal_free(expected);
    keys_free(k);
    return result;
}

static void check_outer(const struct seal *s, const struct seal *x)
{
    assert_string_equal(s->name, x->name);
    assert_string_equal(s->id, x->id);
    assert_memory_equal(s->session, x->session, 16);
    assert_memory_equal(s->writer, x->writer, 16);
    assert_int_equal(s->prune_epoch, x->prune_epoch);
    assert_int_equal(s->created_ns, x->created_ns);
    assert_int_equal(s->key_epoch, x->key_epoch);
    assert_int_equal(s->previous_count, x->previous_count);
    assert_memory_equal(s->previous, x->previous, 64);
    assert_int_equal(s->pack_count, x->pack_count);
    assert_memory_equal(s->packs, x->packs, 2 * sizeof(*x->packs));
    assert_int_equal(s->roll_count, x->roll_count);
    assert_memory_equal(s->rolls, x->rolls, 32);
}

static void check_inner(const struct seal *s, const struct seal *x)
{
    assert_memory_equal(s->source_id, x->source_id, 16);
    assert_string_equal(s->source_driver, x->source_driver);
    assert_string_equal(s->source_name, x->source_name);
    assert_string_equal(s->host, x->host);
    assert_int_equal(s->parameter_count, 2);
    assert_string_equal(s->parameters[1].name, x->parameters[1].name);
    assert_string_equal(s->parameters[1].value, x->parameters[1].value);
    assert_int_equal(s->root.height, x->root.height);
    assert_memory_equal(s->root.id.bytes, x->root.id.bytes, 32);
    assert_int_equal(s->root.entries, x->root.entries);
    assert_int_equal(s->root.bytes, x->root.bytes);
    assert_int_equal(s->start_ns, x->start_ns);
    assert_int_equal(s->end_ns, x->end_ns);
    assert_memory_equal(&s->counters, &x->counters, sizeof(s->counters));
    assert_string_equal(s->backup_name, x->backup_name);
    assert_string_equal(s->description, "");
    assert_int_equal(s->flags, x->flags);
    assert_int_equal(s->problem_total, 12345);
    assert_int_equal(s->problem_count, 2);
    assert_int_equal(s->problems[0].key_size, 3);
    assert_memory_equal(s->problems[0].key, "a\0b", 3);
    assert_int_equal(s->problems[1].error_class, LAGAN_IO);
    assert_string_equal(s->problems[1].text, x->problems[1].text);
    assert_string_equal(s->program, x->program);
    assert_true(s->has_parent);
    assert_memory_equal(s->parent, x->parent, 32);
    assert_int_equal(s->tag_count, 1);
    assert_string_equal(s->tags[0].value, x->tags[0].value);
    assert_int_equal(s->rule_count, x->rule_count);
    for (size_t i = 0; i < s->rule_count; i++) {
        assert_string_equal(s->rules[i].name, x->rules[i].name);
        assert_string_equal(s->rules[i].value, x->rules[i].value);
    }
}

static void check_either_seal(bool rules, const struct buffer *object)
{
    struct keys *k = records_keys();
    const struct trust trust = trust_of(k);
    struct seal *x = make_seal(rules), *s = NULL;
    struct error e = ERROR_INIT;
    uint8_t hash[32];

    assert_int_equal(seal_decode(object->data, object->size, x->name, &trust, k, 0, &s, &e), 0);
    hash_sha256(object->data, object->size, hash);
    assert_memory_equal(s->hash, hash, 32);
    assert_int_equal(s->object_bytes, object->size);
    assert_true(s->opened);
    check_outer(s, x);
    check_inner(s, x);
    seal_free(s);
    seal_free(x);
    keys_free(k);
}

static void check_seal(const struct buffer *object)
{
    check_either_seal(false, object);
}

static void check_seal_with_rules(const struct buffer *object)
{
    check_either_seal(true, object);
}

/* Tombstones. */

#define TOMBSTONE_NAME "20261121t075758z-0123456789abcdef.gone"

static struct tombstone fixed_tombstone(void)
{
    static uint8_t previous[1][32] = {"the hash of the seal before it.."};
    static char reason[] = "made by mistake";
    struct tombstone t = {
        .created_ns = T0 * NS + 5, .previous = previous, .previous_count = 1, .reason = reason};

    memcpy(t.uuid, records_uuid, 16);
    memcpy(t.seal_id, seal_id, 8);
    memset(t.seal_hash, 0x88, 32);
    return t;
}

static void encode_tombstone(struct buffer *out)
{
    struct tombstone t = fixed_tombstone();
    struct vault_writer w = records_writer();
    struct error e = ERROR_INIT;

    assert_int_equal(tombstone_encode(&t, &w, out, &e), 0);
}

static int decode_tombstone(const void *data, size_t size, struct error *e)
{
    struct keys *k = records_keys();
    const struct trust trust = trust_of(k);
    struct tombstone t = {.reason = NULL};
    int result = tombstone_decode(data, size, TOMBSTONE_NAME, &trust, 0, &t, e);

    tombstone_clear(&t);
    keys_free(k);
    return result;
}

static void check_tombstone(const struct buffer *object)
{
    struct keys *k = records_keys();
    const struct trust trust = trust_of(k);
    struct tombstone x = fixed_tombstone(), t = {.reason = NULL};
    struct error e = ERROR_INIT;

    assert_int_equal(
        tombstone_decode(object->data, object->size, TOMBSTONE_NAME, &trust, 0, &t, &e), 0);
    assert_memory_equal(t.seal_id, x.seal_id, 8);
    assert_memory_equal(t.seal_hash, x.seal_hash, 32);
    assert_memory_equal(t.writer, "the writer's id.", 16);
    assert_int_equal(t.created_ns, x.created_ns);
    assert_int_equal(t.previous_count, 1);
    assert_memory_equal(t.previous, x.previous, 32);
    assert_string_equal(t.reason, x.reason);
    tombstone_clear(&t);
    keys_free(k);
}

/* What a copy is. */

#define ABOUT_NAME "about/00000005"

static struct vault_about fixed_about(void)
{
    static const char *const pairs[][2] = {{"name", "mirror of n\xc3\xb8 one"},
                                           {"role", "mirror"},
                                           {"tag:owner", "Zo\xc3\xab"},
                                           {"description", ""}};
    struct vault_about about = {.generation = 5, .created_ns = T0 * NS + 7};
    struct error e = ERROR_INIT;

    memcpy(about.id, "the copy's id...", 16);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_int_equal(vault_about_add(&about, pairs[i][0], pairs[i][1], &e), 0);
    return about;
}

static void encode_about(struct buffer *out)
{
    struct keys *k = records_keys();
    struct vault_about about = fixed_about();
    struct error e = ERROR_INIT;

    assert_int_equal(about_encode(&about, records_uuid, k, out, &e), 0);
    vault_about_free(&about);
    keys_free(k);
}

static int decode_about(const void *data, size_t size, struct error *e)
{
    struct keys *k = records_keys();
    const struct trust trust = trust_of(k);
    struct vault_about about = {.generation = 0};
    int result = about_decode(data, size, ABOUT_NAME, &trust, &about, e);

    vault_about_free(&about);
    keys_free(k);
    return result;
}

static void check_about(const struct buffer *object)
{
    struct keys *k = records_keys();
    const struct trust trust = trust_of(k);
    struct vault_about x = fixed_about(), about = {.generation = 0};
    struct error e = ERROR_INIT;

    assert_int_equal(about_decode(object->data, object->size, ABOUT_NAME, &trust, &about, &e),
                     0);
    assert_memory_equal(about.id, x.id, 16);
    assert_int_equal(about.generation, 5);
    assert_int_equal(about.created_ns, x.created_ns);
    assert_int_equal(about.pair_count, x.pair_count);
    for (size_t i = 0; i < x.pair_count; i++) {
        assert_string_equal(about.pairs[i].name, x.pairs[i].name);
        assert_string_equal(about.pairs[i].value, x.pairs[i].value);
    }
    vault_about_free(&about);
    vault_about_free(&x);
    keys_free(k);
}

/* Records of a lock. */

static struct lock_record fixed_set(void)
{
    return (struct lock_record){.generation = 3,
                                .kind = LOCK_SET,
                                .made_ns = T0 * NS + 11,
                                .mode = VAULT_LOCK_GOVERNANCE,
                                .least_days = 30,
                                .most_days = 365};
}

static struct lock_record fixed_mark(void)
{
    return (struct lock_record){.generation = LOCK_MARK_FIRST + 5,
                                .kind = LOCK_MARK,
                                .made_ns = T0 * NS + 13,
                                .wall_ns = T0 * NS + 14,
                                .boot_ns = 15,
                                .boot_id = "0b2e6c34-0000-4000-8000-aaaaaaaaaaaa"};
}

/* With key and proof of the recovery key `records_kek`; what it lifts has that key too. */
static struct lock_record fixed_lift(void)
{
    static const char label[] = "lagan/1/lift";
    struct lock_record r = {.generation = 4, .kind = LOCK_LIFT, .made_ns = T0 * NS + 12};
    struct error e = ERROR_INIT;
    uint8_t seed[32];

    assert_int_equal(derive_key(records_kek, 32, records_uuid, 16, label, sizeof(label) - 1,
                                seed, sizeof(seed), &e),
                     0);
    assert_int_equal(lock_prove(&r, records_uuid, seed, &e), 0);
    return r;
}

static void encode_lock(const struct lock_record *r, struct buffer *out)
{
    struct keys *k = records_keys();
    struct error e = ERROR_INIT;

    assert_int_equal(lock_encode(r, records_uuid, k, out, &e), 0);
    keys_free(k);
}

static int read_lock(const void *data, size_t size, const char *name, struct lock_record *r,
                     struct error *e)
{
    struct keys *k = records_keys();
    const struct trust trust = trust_of(k);
    int result = lock_decode(data, size, name, &trust, r, e);

    keys_free(k);
    return result;
}

static void assert_same_lock(const struct lock_record *a, const struct lock_record *b)
{
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->made_ns, b->made_ns);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->least_days, b->least_days);
    assert_int_equal(a->most_days, b->most_days);
    assert_int_equal(a->effective_ns, b->effective_ns);
    assert_memory_equal(a->key, b->key, sizeof(a->key));
    assert_memory_equal(a->proof, b->proof, sizeof(a->proof));
    assert_int_equal(a->wall_ns, b->wall_ns);
    assert_int_equal(a->boot_ns, b->boot_ns);
    assert_string_equal(a->boot_id, b->boot_id);
}

static void encode_set(struct buffer *out)
{
    struct lock_record r = fixed_set(), lift = fixed_lift();

    memcpy(r.key, lift.key, sizeof(r.key));
    encode_lock(&r, out);
}

static void encode_lift(struct buffer *out)
{
    struct lock_record r = fixed_lift();

    encode_lock(&r, out);
}

static void encode_mark(struct buffer *out)
{
    struct lock_record r = fixed_mark();

    encode_lock(&r, out);
}

static void check_set(const struct buffer *object)
{
    struct lock_record x = fixed_set(), lift = fixed_lift(), r;
    struct error e = ERROR_INIT;

    memcpy(x.key, lift.key, sizeof(x.key));
    assert_int_equal(read_lock(object->data, object->size, "locks/00000003", &r, &e), 0);
    assert_same_lock(&r, &x);
}

static void check_lift(const struct buffer *object)
{
    struct lock_record x = fixed_lift(), r;
    struct error e = ERROR_INIT;

    assert_int_equal(read_lock(object->data, object->size, "locks/00000004", &r, &e), 0);
    assert_same_lock(&r, &x);
}

static void check_mark(const struct buffer *object)
{
    struct lock_record x = fixed_mark(), r;
    struct error e = ERROR_INIT;

    assert_int_equal(read_lock(object->data, object->size, "locks/80000005", &r, &e), 0);
    assert_same_lock(&r, &x);
}

static int decode_set(const void *data, size_t size, struct error *e)
{
    struct lock_record r;

    return read_lock(data, size, "locks/00000003", &r, e);
}

static int decode_lift(const void *data, size_t size, struct error *e)
{
    struct lock_record r;

    return read_lock(data, size, "locks/00000004", &r, e);
}

static int decode_mark(const void *data, size_t size, struct error *e)
{
    struct lock_record r;

    return read_lock(data, size, "locks/80000005", &r, e);
}

const struct record_kind records[] = {
    {"conf", encode_conf, check_conf, decode_conf},
    {"slot, recovery key", encode_recovery, check_recovery, decode_slot},
    {"slot, passphrase", encode_passphrase, check_passphrase, decode_slot},
    {"slot, provider", encode_provider, check_provider, decode_slot},
    {"seal", encode_seal, check_seal, decode_seal},
    {"tombstone", encode_tombstone, check_tombstone, decode_tombstone},
    {"seal with rules", encode_seal_with_rules, check_seal_with_rules, decode_seal},
    {"about a copy", encode_about, check_about, decode_about},
    {"lock, set", encode_set, check_set, decode_set},
    {"lock, lift", encode_lift, check_lift, decode_lift},
    {"lock, mark of time", encode_mark, check_mark, decode_mark},
#define X(word)                                                                                \
    {"prune, " #word, records_encode_##word, records_check_##word, records_decode_##word},
    PRUNE_RECORDS(X)
#undef X
};
const size_t record_count = sizeof(records) / sizeof(records[0]);
