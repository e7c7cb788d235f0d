/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.h - what people have said of a vault and its backups, kept in the vault itself, so that
 * a catalog that was lost is made anew with it.  Format: doc/format.md section 15.
 *
 * A note has a topic: a backup (until when it is kept, that it was deleted and can still be
 * brought back), a policy, or who approves of what destroys.  It is a list of names and values,
 * sealed and signed with the vault's own keys; a new one takes the place of the last.
 *
 * Who may write to the storage can bring back an older note or remove one: no data may go
 * because of what a note says alone.
 */
#ifndef CORE_VAULT_NOTE_H
#define CORE_VAULT_NOTE_H

#include "vault/about.h"

enum { VAULT_NOTE_TOPIC_SIZE = 16 };

/* X(symbol, value, name) */
#define VAULT_NOTE_KINDS(X)                                                                    \
    X(BACKUP, 1, "backup")     /* topic: 8 zero bytes, the backup's id */                      \
    X(POLICY, 2, "policy")     /* topic: the policy's id */                                    \
    X(APPROVAL, 3, "approval") /* topic: zeroes */
enum vault_note_kind {
#define X(symbol, value, name) VAULT_NOTE_##symbol = value,
    VAULT_NOTE_KINDS(X)
#undef X
};

/* `{0}` says nothing.  Owns its pairs: vault_note_free. */
struct vault_note {
    uint8_t topic[VAULT_NOTE_TOPIC_SIZE];
    uint32_t kind;            /* enum vault_note_kind, or one of a newer program */
    uint32_t generation;      /* from 1; set by reading and writing */
    int64_t created_ns;       /* likewise */
    struct vault_about facts; /* its pairs: vault_about_add, vault_about_find */
};
/* NULL is fine. */
void vault_note_free(struct vault_note *note);
/* The topic of the backup `id` (16 digits); false for what is no id. */
bool vault_note_topic(const char *id, uint8_t topic[VAULT_NOTE_TOPIC_SIZE]);
/* The id of the backup that a topic stands for; false when it stands for none. */
bool vault_note_backup(const uint8_t topic[VAULT_NOTE_TOPIC_SIZE], char id[SEAL_ID_TEXT]);

/* The newest genuine note on the topic of `note->topic` into `*note` (without pairs): 1, 0 when
 * nothing is said, -1.  The vault is unlocked; damaged ones are logged. */
int vault_note_read(struct vault *v, struct vault_note *note, struct error *e);
/* Writes a new one, durably, in the place of the last; one without pairs takes what was said
 * back.  Nothing is written when the same is said already.  Fills in generation and created_ns.
 * LOCKED; NEWER_FORMAT as vault_writable. */
int vault_note_write(struct vault *v, struct vault_note *note, struct error *e);
/* Calls `each` for the newest genuine note on every topic that anything is said on; it may
 * write notes.  The vault is unlocked. */
int vault_note_list(struct vault *v,
                    int (*each)(void *context, const struct vault_note *note, struct error *e),
                    void *context, struct error *e);

#endif
