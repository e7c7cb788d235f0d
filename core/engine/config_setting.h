/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_setting.h - the table of all that the sections of single values (`limits`, `mirror`,
 * `prices`, `runner`, `metrics`) can say.  Private to the configuration.
 *
 * X(key, kind, member of struct config, default, least, most, what is right).  Kinds: COUNT
 * (unsigned), AMOUNT (uint64_t), SIZE (uint64_t bytes), DURATION (int64_t nanoseconds), MONEY
 * (double), TEXT (char *, with a check and a default in config_text.c).  Defaults and borders
 * of durations are in seconds.  Rows may be appended in any order.
 */
#ifndef CORE_ENGINE_CONFIG_SETTING_H
#define CORE_ENGINE_CONFIG_SETTING_H

#define CONFIG_DAY 86400
#define CONFIG_DAYS "a duration of 0 to 3650d, such as 90m, 24h or 7d"
#define CONFIG_RETRY "a duration from 1s to 30d, such as 2h"
#define CONFIG_HISTORY "a duration from 1s to 3650d, such as 30d"
#define CONFIG_DELAY "a duration of 0 to 30d, such as 90m"
#define CONFIG_MONEY "an amount of 0 to 1000000, such as 0.023"

#define CONFIG_LIMITS(X)                                                                       \
    X("threads", COUNT, limits.threads, 0, 1, 1024, "a number from 1 to 1024")                 \
    X("memory", SIZE, limits.memory_bytes, 0, UINT64_C(64) << 20, INT64_MAX,                   \
      "a size of at least 64M, such as 512M or 2G")                                            \
    X("transfers", COUNT, limits.transfers, 8, 1, 256, "a number from 1 to 256")               \
    X("vaults", COUNT, limits.vaults, 100, 1, 100000, "a number from 1 to 100000")             \
    X("mirrors", COUNT, limits.mirrors, 5, 1, 100000, "a number from 1 to 100000")             \
    X("sources", COUNT, limits.sources, 256, 1, 100000, "a number from 1 to 100000")           \
    X("tags", COUNT, limits.tags, 20, 1, 1000, "a number from 1 to 1000")                      \
    X("policies", COUNT, limits.policies, 32, 1, 100000, "a number from 1 to 100000")          \
    X("retry-budget", DURATION, limits.retry_budget_ns, 7200, 1, 30 * CONFIG_DAY,              \
      CONFIG_RETRY)                                                                            \
    X("task-history", DURATION, limits.task_history_ns, 30 * CONFIG_DAY, 1, 3650 * CONFIG_DAY, \
      CONFIG_HISTORY)                                                                          \
    X("undelete", DURATION, limits.undelete_ns, 14 * CONFIG_DAY, 0, 3650 * CONFIG_DAY,         \
      CONFIG_DAYS)                                                                             \
    X("vault-age", DURATION, limits.vault_age_ns, 0, 0, 3650 * CONFIG_DAY, CONFIG_DAYS)        \
    X("bandwidth", TEXT, limits.bandwidth, 0, 0, 0, "")

#define CONFIG_MIRROR(X)                                                                       \
    X("history-delay", DURATION, mirror.history_delay_ns, 5400, 0, 30 * CONFIG_DAY,            \
      CONFIG_DELAY)                                                                            \
    X("delete-delay", DURATION, mirror.delete_delay_ns, 7 * CONFIG_DAY, 0, 3650 * CONFIG_DAY,  \
      CONFIG_DAYS)                                                                             \
    X("delete-limit", AMOUNT, mirror.delete_limit, 10, 1, 1000000000,                          \
      "a number from 1 to 1000000000")                                                         \
    X("rpo", DURATION, mirror.rpo_ns, CONFIG_DAY, 0, 3650 * CONFIG_DAY, CONFIG_DAYS)

#define CONFIG_PRICES(X)                                                                       \
    X("stored", MONEY, prices.stored, 0, 0, 1000000, CONFIG_MONEY)                             \
    X("replicated", MONEY, prices.replicated, 0, 0, 1000000, CONFIG_MONEY)                     \
    X("restored", MONEY, prices.restored, 0, 0, 1000000, CONFIG_MONEY)                         \
    X("currency", TEXT, prices.currency, 0, 0, 0, "")

#define CONFIG_AGAIN "a duration from 1s to 7d, such as 5m"
#define CONFIG_RHYTHM "a duration from 1m to 3650d, such as 24h"
#define CONFIG_RUNNER(X)                                                                       \
    X("jobs", COUNT, runner.jobs, 2, 1, 64, "a number from 1 to 64")                           \
    X("nice", COUNT, runner.nice, 10, 0, 19, "a number from 0 to 19")                          \
    X("io-class", TEXT, runner.io_class, 0, 0, 0, "")                                          \
    X("bandwidth", TEXT, runner.bandwidth, 0, 0, 0, "")                                        \
    X("attempts", COUNT, runner.attempts, 3, 1, 100, "a number from 1 to 100")                 \
    X("retry-delay", DURATION, runner.retry_ns, 300, 1, 7 * CONFIG_DAY, CONFIG_AGAIN)          \
    X("expire-every", DURATION, runner.expire_ns, CONFIG_DAY, 60, 3650 * CONFIG_DAY,           \
      CONFIG_RHYTHM)                                                                           \
    X("expire-window", TEXT, runner.expire_window, 0, 0, 0, "")                                \
    X("prune-every", DURATION, runner.prune_ns, 7 * CONFIG_DAY, 0, 3650 * CONFIG_DAY,          \
      CONFIG_DAYS)                                                                             \
    X("verify-within", DURATION, runner.verify_ns, 30 * CONFIG_DAY, 0, 3650 * CONFIG_DAY,      \
      CONFIG_DAYS)                                                                             \
    X("ping", TEXT, runner.ping, 0, 0, 0, "")                                                  \
    X("log-format", TEXT, runner.log_format, 0, 0, 0, "")

#define CONFIG_METRICS(X)                                                                      \
    X("file", TEXT, metrics.file, 0, 0, 0, "")                                                 \
    X("listen", TEXT, metrics.listen, 0, 0, 0, "")

#endif
