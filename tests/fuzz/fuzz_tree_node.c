/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tree_node.c - any bytes as a node of a tree. */
#include "base/object.h"
#include "fuzz.h"
#include "vault/tree.h"

const char fuzz_name[] = "tree_node";
const char *const fuzz_words[] = {NULL};

/* All seeds are files. */
void fuzz_seeds(fuzz_add_function *add, void *context)
{
    (void)add;
    (void)context;
}

/* Looks at all that a decoded node points to. */
static size_t touch(struct tree_node *n)
{
    size_t sum = 0;

    for (uint32_t i = 0; i < tree_node_count(n); i++) {
        const uint8_t *key;
        size_t key_size;
        struct chunk_id id;
        uint64_t entries, bytes;
        if (tree_node_level(n) > 0) {
            tree_node_child(n, i, &key, &key_size, &id, &entries, &bytes);
            sum += key_size > 0 ? key[key_size - 1] : id.bytes[0];
            continue;
        }
        struct error e = ERROR_INIT;
        struct tree_entry *copy = tree_entry_copy(tree_node_entry(n, i), &e);
        ASSERT(copy != NULL);
        sum += copy->key_size;
        tree_entry_free(copy);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error e = ERROR_INIT;
    struct tree_node *n;
    int result = tree_node_decode(data, size, &n, &e);

    fuzz_outcome(result == 0 ? NULL : &e);
    if (result == 0) {
        touch(n);
        tree_node_free(n);
    }
    return 0;
}
