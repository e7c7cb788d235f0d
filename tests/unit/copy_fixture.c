/* SPDX-License-Identifier: Apache-2.0 */
/* copy_fixture.c - see copy_fixture.h. */
#include "copy_fixture.h"

#include "unit.h"
#include "vault/roll.h"
#include "vault/vault_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin_copy(struct vault *source, struct target *to, uint8_t recovery[32])
{
    const struct vault_slot_request slot = {
        .kind = VAULT_SLOT_RECOVERY, .label = "of the mirror", .recovery_key = recovery};
    struct error e = ERROR_INIT;

    assert_success(vault_copy_begin(source, to, &slot, &e), e);
}

void copies_make(struct copies *c)
{
    make_three(&c->t, false);
    vault_place_empty(&c->mirror, "tgt_dir");
    begin_copy(c->t.p.vault, c->mirror.target, c->mirror.recovery);
    vault_place_again(&c->mirror, false, false);
}

void copies_drop(struct copies *c)
{
    vault_place_close(&c->mirror);
    drop_three(&c->t);
}

struct transfer *copies_open(struct copies *c, unsigned parallel)
{
    const struct transfer_request request = {
        .from = c->t.p.vault, .to = c->mirror.vault, .parallel = parallel};
    struct error e = ERROR_INIT;
    struct transfer *t = transfer_open(&request, &e);

    assert_success(t != NULL ? 0 : -1, e);
    return t;
}

void copies_copy(struct copies *c, int index)
{
    struct transfer *t = copies_open(c, 0);
    struct error e = ERROR_INIT;

    assert_success(transfer_backup(t, c->t.s[index]->id, NULL, &e), e);
    transfer_close(t);
}

void copies_copy_all(struct copies *c)
{
    for (int i = 0; i < 3; i++)
        copies_copy(c, i);
}

void copies_delete(struct copies *c, int index)
{
    struct error e = ERROR_INIT;

    assert_success(
        vault_backup_delete(c->t.p.vault, c->t.s[index], vault_place_writer, "test", &e), e);
}

void copies_expect_sound(struct vault_place *p, uint64_t backups)
{
    struct findings found;

    check(p, VERIFY_OBJECTS, &found);
    for (size_t i = 0; i < found.count; i++)
        print_error("%s: %s\n", found.all[i].object, found.all[i].text);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.result.backups, backups);
}

void expect_honest(struct vault_place *mirror)
{
    struct findings found;

    check(mirror, VERIFY_OBJECTS, &found);
    for (size_t i = 0; i < found.count; i++) {
        /* Backups come in any order, so that one may miss the one before it. */
        if (strcmp(found.all[i].object, "seals/") == 0)
            continue;
        print_error("%s: %s\n", found.all[i].object, found.all[i].text);
        fail();
    }
}

bool place_has(struct vault_place *p, const char *name)
{
    struct error e = ERROR_INIT;
    uint64_t bytes;

    if (target_stat(p->target, name, &bytes, &e) == 0)
        return true;
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    return false;
}

const char *seal_object(const struct seal *s)
{
    static char name[64];

    snprintf(name, sizeof(name), "seals/%s", s->name);
    return name;
}

void side_open(struct side *s, const struct fault_plan *plan, bool vault)
{
    static const struct fault_plan none = {.verb = "any"};
    char words[7][64];
    struct error e = ERROR_INIT;

    if (plan == NULL)
        plan = &none;
    snprintf(words[0], 64, "name=%s", s->store);
    snprintf(words[1], 64, "verb=%s", plan->verb);
    snprintf(words[2], 64, "at=%u", plan->at);
    snprintf(words[3], 64, "class=%u", plan->error_class);
    snprintf(words[4], 64, "after=%s", plan->after ? "yes" : "no");
    snprintf(words[5], 64, "always=%s", plan->always ? "yes" : "no");
    snprintf(words[6], 64, "checksum=%s", plan->checksum ? "yes" : "no");
    s->p.instance = fixture_instance(vault_place_host(), s->driver,
                                     (const char *[]){words[0], words[1], words[2], words[3],
                                                      words[4], words[5], words[6], NULL});
    s->p.target = target_open(s->p.instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(s->p.target != NULL ? 0 : -1, e);
    s->p.vault = NULL;
    if (vault)
        assert_success(vault_open(s->p.target, NULL, &s->p.vault, &e), e);
}

void side_count(struct side *s, uint64_t *calls, uint64_t *failed)
{
    struct error e = ERROR_INIT;

    assert_success(target_capacity(s->p.target, calls, failed, &e), e);
}

void side_close(struct side *s)
{
    vault_close(s->p.vault);
    target_close(s->p.target);
    instance_free(s->p.instance);
}

static void name_store(struct side *s, const char *driver)
{
    static unsigned number;

    *s = (struct side){.store = "", .driver = driver};
    snprintf(s->store, sizeof(s->store), "side-%u", ++number);
}

/* A seal whose packs stand in a roll. */
static struct seal *seal_with_roll(struct vault_place *p, const struct seal_pack *packs,
                                   size_t count)
{
    struct seal *s = vault_place_draft("rolled", NULL, 0);
    struct vault_writer w;
    struct error e = ERROR_INIT;

    s->rolls = calloc(1, 32);
    assert_non_null(s->rolls);
    s->roll_count = 1;
    assert_success(roll_write(p->vault, packs, count, s->rolls[0], &e), e);
    assert_success(vault_writer(p->vault, vault_place_writer, &w, &e), e);
    assert_success(seal_write(p->vault, s, &w, &e), e);
    return s;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct seal_pack *)a)->hash, ((const struct seal_pack *)b)->hash, 32);
}

void side_make_source(struct side *s, char ids[FAKE_BACKUPS][SEAL_ID_TEXT])
{
    side_make_source_on(s, "tgt_fault", ids);
}

void side_make_source_on(struct side *s, const char *driver,
                         char ids[FAKE_BACKUPS][SEAL_ID_TEXT])
{
    static const char *const texts[] = {"one ", "two ", "three ", "four "};
    struct seal_pack packs[4];
    struct seal *seals[FAKE_BACKUPS];
    struct error e = ERROR_INIT;

    name_store(s, driver);
    side_open(s, NULL, false);
    assert_success(vault_place_create(&s->p, &e), e);
    assert_success(vault_open(s->p.target, NULL, &s->p.vault, &e), e);
    assert_success(vault_unlock_recovery(s->p.vault, s->p.recovery, &e), e);
    for (int i = 0; i < 4; i++)
        packs[i] = vault_place_pack(&s->p, texts[i], FAKE_BYTES + (size_t)i);
    qsort(packs, 4, sizeof(packs[0]), by_hash);
    seals[0] = vault_place_seal(&s->p, "first", packs, 2);
    seals[1] = vault_place_seal(&s->p, "second", packs, 3);
    seals[2] = seal_with_roll(&s->p, packs + 1, 3);
    for (int i = 0; i < FAKE_BACKUPS; i++) {
        memcpy(ids[i], seals[i]->id, SEAL_ID_TEXT);
        seal_free(seals[i]);
    }
}

void side_make_mirror(struct side *s, struct side *source)
{
    name_store(s, source->driver);
    side_open(s, NULL, false);
    begin_copy(source->p.vault, s->p.target, s->p.recovery);
    side_close(s);
}
