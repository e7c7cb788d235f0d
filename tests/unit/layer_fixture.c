/* SPDX-License-Identifier: Apache-2.0 */
/* layer_fixture.c - see layer_fixture.h. */
#include "layer_fixture.h"

#include "driver/operation.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void layered_settings(const char *const *layers, struct layer_settings *settings)
{
    struct error e = ERROR_INIT;
    assert_success(layer_settings_init(settings, &e), e);
    assert_success(layer_settings_set(settings, "retry", "0", &e), e);
    for (; *layers; layers++) {
        const char *value = strchr(*layers, '=');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(value - *layers), *layers);
        assert_success(layer_settings_set(settings, name, value + 1, &e), e);
    }
}

struct layered layered_open(struct driver_host *host, const char *driver,
                            const char *const *words, const char *const *layers, uint64_t flags)
{
    struct layered l = {.instance = fixture_instance(host, driver, words)};
    struct layer_settings settings;
    struct error e = ERROR_INIT;
    layered_settings(layers, &settings);
    assert_success(instance_set_layers(l.instance, &settings, &e), e);
    layer_settings_free(&settings);
    l.target = target_open(l.instance, flags, &e);
    assert_success(l.target ? 0 : -1, e);
    return l;
}

void layered_close(struct layered *l)
{
    target_close(l->target);
    instance_free(l->instance);
}

static uint32_t watch(struct layer *self, struct call *c)
{
    struct probe *p = self->state;
    int running = atomic_fetch_add(&p->running, 1) + 1;
    int most = atomic_load(&p->most);
    uint32_t result = LAGAN_OK;
    while (running > most && !atomic_compare_exchange_weak(&p->most, &most, running))
        ;
    atomic_fetch_add(&p->calls, 1);
    if (p->duration_ns > 0) {
        struct timespec pause = {.tv_nsec = p->duration_ns};
        nanosleep(&pause, NULL);
    }
    if (p->answer)
        result = p->answer(c);
    atomic_fetch_sub(&p->running, 1);
    return result;
}

static const struct layer_kind looking_on = {.name = "probe", .call = watch};

void probe_open(struct probe *p, const struct layer_kind *kind, enum lagan_kind driver_kind,
                const char *const *layers)
{
    struct error e = ERROR_INIT;
    *p = (struct probe){
        .place = {.driver = driver_kind == LAGAN_KIND_TARGET ? "tgt_probe" : "src_probe",
                  .kind = driver_kind}};
    layered_settings(layers, &p->settings);
    p->below = (struct layer){.kind = &looking_on, .state = p, .place = &p->place};
    p->layer = (struct layer){.kind = kind, .place = &p->place, .next = &p->below};
    assert_true(kind->wanted(&p->settings, &p->place));
    if (kind->make)
        assert_success(kind->make(&p->settings, &p->place, &p->layer.state, &e), e);
}

void probe_close(struct probe *p)
{
    if (p->layer.kind->free)
        p->layer.kind->free(p->layer.state);
    layer_settings_free(&p->settings);
}

uint32_t probe_call(struct probe *p, struct call *c)
{
    struct operation o;
    uint32_t result = operation_enter(&o, p->place.driver, NULL);
    c->op = &o.op;
    if (result == LAGAN_OK)
        result = operation_leave(&o, p->layer.kind->call(&p->layer, c));
    c->op = NULL;
    return result;
}

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
