/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.c - see figures.h.  Each statement gives the labels, then the values, of its kind.
 * Costs: what a backup, an object, an item has is added up by SQLite; the newest backup of a
 * source is one step in an index.
 */
#include "catalog/figures.h"
#include "catalog/catalog_private.h"
#include "catalog/queue.h"

#include <string.h>

static const char source_sql[] =
    "SELECT v.name, v.region, v.role, s.name, coalesce(b.created_ns, 0),"
    " coalesce(max(b.end_ns - b.start_ns, 0), 0), coalesce(b.entries, 0), coalesce(b.bytes, 0),"
    " coalesce(b.bytes_stored, 0), coalesce(b.state = 'partial', 0)"
    " FROM vaults v CROSS JOIN sources s LEFT JOIN backups b ON b.vault = v.uuid AND b.id ="
    " (SELECT x.id FROM backups x WHERE x.vault = v.uuid AND x.source = s.id"
    " AND x.state IN ('available', 'partial') ORDER BY x.created_ns DESC, x.id DESC LIMIT 1)"
    " WHERE v.state <> 'deleted' AND (b.id IS NOT NULL OR s.vault = v.uuid) ORDER BY 1, 2, 4";

static const char vault_sql[] =
    "SELECT v.name, v.region, v.role, v.quota_bytes, coalesce(b.stored, 0),"
    " coalesce(b.whole, 0), coalesce(b.failed, 0), coalesce(f.recent, 0), coalesce(f.bytes, 0),"
    " coalesce(f.oldest, 0), coalesce(f.damaged, 0), coalesce(x.braked_ns, 0),"
    " coalesce(d.passed, 0), coalesce(d.failed, 0) FROM vaults v"
    " LEFT JOIN (SELECT vault, sum(bytes_stored) AS stored,"
    " count(*) FILTER (WHERE state IN ('available', 'partial')) AS whole,"
    " count(*) FILTER (WHERE state = 'error') AS failed"
    " FROM backups GROUP BY vault) b ON b.vault = v.uuid"
    " LEFT JOIN (SELECT vault, sum(bytes) FILTER (WHERE at_ns >= ?1 AND whole <> 0) AS recent,"
    " sum(bytes) AS bytes, min(at_ns) AS oldest, count(*) FILTER (WHERE whole = 0) AS damaged"
    " FROM verified GROUP BY vault) f ON f.vault = v.uuid"
    " LEFT JOIN expiry_brakes x ON x.vault = v.uuid"
    " LEFT JOIN (SELECT vault, max(ended_ns) FILTER (WHERE state = 'success') AS passed,"
    " max(ended_ns) FILTER (WHERE state <> 'success') AS failed"
    " FROM drills GROUP BY vault) d ON d.vault = v.uuid"
    " WHERE v.state <> 'deleted' ORDER BY 1, 2";

#define OVER "state NOT IN ('waiting', 'running')"
static const char policy_sql[] =
    "SELECT p.name, p.kind, coalesce(r.state, 'none'), p.enabled, coalesce(r.slot_ns, 0),"
    " coalesce(max(r.ended_ns - r.created_ns, 0), 0),"
    " coalesce((SELECT g.ended_ns FROM runs g WHERE g.policy = p.id AND g.state = 'success'"
    " ORDER BY g.id DESC LIMIT 1), 0),"
    " (SELECT count(*) FROM runs o WHERE o.policy = p.id"
    " AND o.state IN ('waiting', 'running'))"
    " FROM policies p LEFT JOIN runs r ON r.id = (SELECT l.id FROM runs l"
    " WHERE l.policy = p.id AND l." OVER " ORDER BY l.id DESC LIMIT 1) ORDER BY 1, 2";

static const char job_sql[] =
    "SELECT operation, 'running', count(*), 0 FROM jobs WHERE state = 'running' GROUP BY 1"
    " UNION ALL"
    " SELECT operation, 'waiting', count(*), min(due_ns) FROM jobs WHERE state = 'waiting'"
    " GROUP BY 1 ORDER BY 1, 2";

static const char upkeep_sql[] =
    "SELECT j.operation, coalesce(v.name, ''), coalesce(v.region, ''), j.done_ns"
    " FROM jobs j LEFT JOIN vaults v ON v.uuid = j.vault"
    " WHERE j.run = 0 AND (j.vault = x'' OR v.uuid IS NOT NULL) ORDER BY 1, 2, 3";

static const char item_sql[] =
    "SELECT v.name, v.region, i.state, count(*), sum(i.bytes), min(i.due_ns)"
    " FROM items i JOIN vaults v ON v.uuid = i.lane GROUP BY v.uuid, i.state ORDER BY 1, 2, 3";

static const char mirror_sql[] =
    "SELECT v.name, v.region, s.name, m.state, coalesce(i.oldest, 0), coalesce(i.backups, 0),"
    " coalesce(i.bytes, 0), coalesce(i.deletions, 0), coalesce(i.dead, 0), m.rpo_ns,"
    " m.synced_ns, m.braked_ns, m.latest_ns, m.breaches"
    " FROM mirrors m JOIN vaults v ON v.uuid = m.vault JOIN vaults s ON s.uuid = m.source"
    " LEFT JOIN (SELECT lane,"
    " min(created_ns) FILTER (WHERE operation IN ('copy', 'slot') AND class <> ?1) AS oldest,"
    " count(*) FILTER (WHERE operation = 'copy') AS backups,"
    " sum(bytes) FILTER (WHERE operation = 'copy') AS bytes,"
    " count(*) FILTER (WHERE operation = 'remove' AND state <> 'dead') AS deletions,"
    " count(*) FILTER (WHERE state = 'dead') AS dead"
    " FROM items GROUP BY lane) i ON i.lane = m.vault ORDER BY 1, 2";

static const char task_sql[] =
    "SELECT type, state, count(*) FROM tasks GROUP BY type, state ORDER BY 1, 2";

/* What was sent to a vault that is gone was sent all the same. */
static const char sent_sql[] =
    "SELECT u.kind, coalesce(v.name, lower(hex(u.vault))), coalesce(v.region, ''), u.route,"
    " sum(u.bytes) FROM usage u LEFT JOIN vaults v ON v.uuid = u.vault WHERE u.kind <> 'stored'"
    " GROUP BY u.kind, u.vault, u.route ORDER BY 1, 2, 3, 4";

static const char notice_sql[] =
    "SELECT way, count(*), min(created_ns) FROM notices GROUP BY way ORDER BY 1";

static const char rule_sql[] =
    "SELECT r.name, coalesce(f.name, ''), coalesce(t.name, ''), r.state,"
    " (SELECT count(*) FROM object_copies i WHERE i.rule = r.id AND i.state = 0),"
    " (SELECT coalesce(sum(i.bytes), 0) FROM object_copies i WHERE i.rule = r.id"
    " AND i.state = 0),"
    " (SELECT coalesce(min(i.moment_ns), 0) FROM object_copies i WHERE i.rule = r.id"
    " AND i.state = 0),"
    " (SELECT count(*) FROM object_copies i WHERE i.rule = r.id AND i.state = 2),"
    " r.seen_ns, r.copied, r.copied_bytes, r.marked FROM object_rules r"
    " LEFT JOIN sources f ON f.id = r.source LEFT JOIN sources t ON t.id = r.destination"
    " ORDER BY 1";

/* Names, with blanks between. */
static const struct shape {
    const char *labels, *values;
} shapes[] = {
#define X(symbol, labels, values) {labels, values},
    CATALOG_FIGURES(X)
#undef X
};

static const char *const statements[CATALOG_FIGURE_COUNT] = {
    [CATALOG_FIGURE_SOURCE] = source_sql, [CATALOG_FIGURE_VAULT] = vault_sql,
    [CATALOG_FIGURE_POLICY] = policy_sql, [CATALOG_FIGURE_JOB] = job_sql,
    [CATALOG_FIGURE_UPKEEP] = upkeep_sql, [CATALOG_FIGURE_ITEM] = item_sql,
    [CATALOG_FIGURE_MIRROR] = mirror_sql, [CATALOG_FIGURE_TASK] = task_sql,
    [CATALOG_FIGURE_SENT] = sent_sql,     [CATALOG_FIGURE_NOTICE] = notice_sql,
    [CATALOG_FIGURE_RULE] = rule_sql,
};

static size_t count_words(const char *words)
{
    size_t count = 1;

    for (; *words != '\0'; words++)
        count += *words == ' ';
    return count;
}

/* The word `index` of `words`; its length. */
static size_t word_at(const char *words, size_t index, const char **word)
{
    for (; index > 0; index--)
        words += strcspn(words, " ") + 1;
    *word = words;
    return strcspn(words, " ");
}

size_t catalog_figure_labels(enum catalog_figure_kind kind)
{
    return count_words(shapes[kind].labels);
}

void catalog_figure_label(enum catalog_figure_kind kind, size_t index, char name[32])
{
    const char *word;
    size_t length = word_at(shapes[kind].labels, index, &word);

    ASSERT(length < 32);
    memcpy(name, word, length);
    name[length] = '\0';
}

int catalog_figure_value(enum catalog_figure_kind kind, const char *name)
{
    size_t count = count_words(shapes[kind].values);

    for (size_t i = 0; i < count; i++) {
        const char *word;
        size_t length = word_at(shapes[kind].values, i, &word);
        if (strlen(name) == length && memcmp(name, word, length) == 0)
            return (int)i;
    }
    return -1;
}

struct visit {
    enum catalog_figure_kind kind;
    int (*each)(void *context, const struct catalog_figure *figure, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    size_t labels = count_words(shapes[visit->kind].labels);
    size_t values = count_words(shapes[visit->kind].values);
    struct catalog_figure row = {0};

    ASSERT(labels <= CATALOG_FIGURE_LABELS && values <= CATALOG_FIGURE_VALUES);
    for (size_t i = 0; i < labels; i++)
        row_text(q, row.labels[i], sizeof(row.labels[i]));
    for (size_t i = 0; i < values; i++)
        row.values[i] = row_number(q);
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_figure_list(struct catalog *c, enum catalog_figure_kind kind, int64_t since_ns,
                        int (*each)(void *context, const struct catalog_figure *figure,
                                    struct error *e),
                        void *context, struct error *e)
{
    struct visit visit = {kind, each, context};
    struct query q;

    ASSERT((unsigned)kind < CATALOG_FIGURE_COUNT);
    catalog_lock(c);
    int result = query_start(c, statements[kind], &q, e);
    if (result == 0) {
        if (kind == CATALOG_FIGURE_VAULT)
            query_number(&q, since_ns);
        if (kind == CATALOG_FIGURE_MIRROR)
            query_number(&q, CATALOG_CLASS_HISTORY);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
