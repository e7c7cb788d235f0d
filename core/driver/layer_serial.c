/* SPDX-License-Identifier: Apache-2.0 */
/* layer_serial.c - one call at a time into a driver whose thread model asks for it.  The lowest
 * layer: what waits in a layer above holds no lock. */
#include "driver/layer.h"

static bool wanted(const struct layer_settings *settings, const struct layer_place *place)
{
    (void)settings;
    return place->lock != NULL;
}

static uint32_t call(struct layer *self, struct call *c)
{
    uint32_t result;
    pthread_mutex_lock(self->place->lock);
    result = layer_next(self, c);
    pthread_mutex_unlock(self->place->lock);
    return result;
}

const struct layer_kind layer_serial = {.name = "serial", .wanted = wanted, .call = call};
