/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_serve.c - the helper's side of calls: the way of each, and the verbs that all kinds
 * of drivers have; those of keys too. */
#include "driver/isolate_serve.h"

#include "driver/isolate_sandbox.h"
#include "driver/slots.h"

#include "base/log.h"
#include "base/object.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LOG_SOCKET = 4,
    WALL_SLACK_NS = 500000000,
    ALARM_SECONDS = 120 /* that a call may take before the sandbox is closed */
};

/* Services of the host that are not as in its own process */

static atomic_bool logged; /* since the last answer */
static atomic_uint log_limit = LAGAN_LEVEL_WARNING;
static atomic_ullong progress_bytes, progress_items;
static _Atomic int64_t wall_shift_ns;

void helper_log(uint32_t level, const char *line)
{
    struct {
        struct wire_head head;
        char line[1024];
    } message = {.head = {.kind = WIRE_LOG, .verb = level}};
    size_t size = strnlen(line, sizeof message.line - 1);
    if (level > atomic_load(&log_limit))
        return;
    memcpy(message.line, line, size);
    /* What the host does not fetch is lost: a driver must not hang for its lines. */
    if (send(LOG_SOCKET, &message, offsetof(__typeof__(message), line) + size,
             MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        atomic_store(&logged, true);
}

static void service_log(struct lagan_op *op, uint32_t level, const char *format,
                        va_list arguments)
{
    char line[1024];
    (void)op;
    if (level > atomic_load(&log_limit))
        return;
    vsnprintf(line, sizeof line, format, arguments);
    helper_log(level, line);
}

static void service_progress(struct lagan_op *op, uint64_t bytes, uint64_t items)
{
    (void)op;
    atomic_fetch_add(&progress_bytes, bytes);
    atomic_fetch_add(&progress_items, items);
}

static int64_t service_wall_ns(void)
{
    return operation_host_table()->wall_ns() + atomic_load(&wall_shift_ns);
}

static const struct lagan_host *service_table(void)
{
    static struct lagan_host table;
    table = *operation_host_table();
    table.log = service_log;
    table.progress = service_progress;
    table.wall_ns = service_wall_ns;
    return &table;
}

/* Calls */

struct lagan_op *serve_op(struct serving *s)
{
    return &s->operation.op;
}

void *serve_object(const struct serving *s)
{
    return (void *)(uintptr_t)s->call.numbers[0];
}

void serve_made(struct serving *s, const void *object)
{
    s->answer.numbers[0] = (int64_t)(uintptr_t)object;
}

uint32_t serve_broken(struct serving *s)
{
    s->operation.op.error = (struct lagan_error){.error_class = LAGAN_INTERNAL};
    snprintf(s->operation.op.error.text, LAGAN_TEXT_SIZE, "a call of no form");
    return LAGAN_INTERNAL;
}

uint32_t serve_ask(struct serving *s, enum wire_ask what, int64_t first, int64_t second,
                   uint64_t data_bytes)
{
    struct wire_head head = {
        .kind = WIRE_ASK, .verb = what, .data_bytes = data_bytes, .numbers = {first, second}};
    if (what == WIRE_ASK_PART) {
        memcpy(s->body, s->out.data, s->out.size);
        head.body_bytes = s->out.size;
    }
    /* Without a host there is nobody to go on for. */
    if (!wire_send(s->socket, &head, NULL, 0) || wire_receive(s->socket, &head, NULL, 0) != 1 ||
        head.kind != WIRE_REPLY)
        _exit(0);
    return head.result;
}

uint32_t serve_part(struct serving *s)
{
    s->handed++;
    if (s->out.failed)
        return LAGAN_INTERNAL;
    if (s->out.size < WIRE_PART_BYTES)
        return LAGAN_OK;
    if (s->out.size > WIRE_BODY_BYTES)
        return LAGAN_LIMIT;
    uint32_t result = serve_ask(s, WIRE_ASK_PART, 0, 0, 0);
    buffer_clear(&s->out);
    return result;
}

static uint32_t add_entry(void *context, const struct lagan_entry *entry)
{
    struct serving *s = context;
    wire_put_entry_record(&s->out, entry);
    return serve_part(s);
}

struct lagan_entry_collector serve_entries(struct serving *s)
{
    return (struct lagan_entry_collector){s, add_entry};
}

static uint32_t add_piece(void *context, const struct lagan_metadata *piece)
{
    struct serving *s = context;
    buffer_append_u8(&s->out, WIRE_RECORD_PIECE);
    wire_put_piece(&s->out, piece);
    return serve_part(s);
}

static void add_lost(void *context, const char *name, const char *reason)
{
    struct serving *s = context;
    wire_put_lost(&s->out, name, reason);
    (void)serve_part(s);
}

struct lagan_metadata_collector serve_pieces(struct serving *s)
{
    return (struct lagan_metadata_collector){s, add_piece, add_lost};
}

/* The verbs that all kinds have */

static void put_description(struct buffer *b, const struct driver *d)
{
    const struct lagan_driver *told = &d->descriptor;
    size_t counts[2], bit = 0;
    const struct slot *tables[2] = {slots_common(&counts[0]),
                                    slots_of_kind(told->kind, &counts[1])};
    uint64_t present = 0;
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < counts[t]; i++, bit++)
            if (slot_is_present(&d->ops, &tables[t][i]))
                present |= UINT64_C(1) << bit;
    ASSERT(bit <= 64);
    wire_put_text(b, told->name);
    wire_put_text(b, told->version);
    wire_put_text(b, told->licence);
    wire_put_text(b, told->summary);
    wire_put_text(b, told->home);
    buffer_append_u16(b, told->abi_minor);
    buffer_append_u32(b, told->kind);
    buffer_append_u32(b, told->threads);
    buffer_append_u32(b, told->max_parallel);
    buffer_append_u64(b, told->required_features);
    buffer_append_u64(b, told->traits);
    buffer_append_u64(b, present);
    buffer_append_u32(b, (uint32_t)d->parameter_count);
    for (size_t i = 0; i < d->parameter_count; i++) {
        const struct lagan_parameter *row = &d->parameters[i];
        wire_put_text(b, row->name);
        wire_put_text(b, row->default_value);
        wire_put_text(b, row->choices);
        wire_put_text(b, row->help);
        buffer_append_u32(b, row->type);
        buffer_append_u32(b, row->flags);
        buffer_append_u64(b, (uint64_t)row->minimum);
        buffer_append_u64(b, (uint64_t)row->maximum);
    }
}

static void say_left_out(const char *line)
{
    helper_log(LAGAN_LEVEL_DEBUG, line);
}

static int load_driver(struct helper *h, const char *directory, const char *name,
                       struct error *e)
{
    struct driver *d = &h->driver;
    d->magic = DRIVER_MAGIC;
    if (asprintf(&d->path, "%s/%s.so", directory, name) < 0)
        return error_no_memory(e, "a driver");
    if (module_prepare(e) < 0)
        return -1;
    d->module = module_load(directory, name, d->path, e);
    return d->module ? descriptor_adopt(d, name, d->module->describe(service_table()), e) : -1;
}

static int start_driver(struct helper *h, struct error *e)
{
    struct driver *d = &h->driver;
    struct operation o;
    if (h->loaded || !d->ops.common.load)
        return 0;
    uint32_t result = operation_enter(&o, d->descriptor.name, NULL);
    if (result == LAGAN_OK)
        result = operation_leave(&o, d->ops.common.load(&o.op));
    h->loaded = result == LAGAN_OK;
    return operation_end(&o, result, e, "load %s", d->path);
}

/* The kind that a driver's name promises, which the descriptor must keep. */
static uint32_t kind_of(const char *name)
{
    return strncmp(name, "src_", 4) == 0   ? LAGAN_KIND_SOURCE
           : strncmp(name, "tgt_", 4) == 0 ? LAGAN_KIND_TARGET
                                           : LAGAN_KIND_KEY;
}

/* numbers: level of log lines.  Body: folder and name.  A refusal is answered with a struct
 * error in the body. */
static uint32_t serve_describe(struct serving *s)
{
    struct error e = ERROR_INIT;
    const char *directory, *name;
    if (!wire_get_some_text(&s->in, &directory) || !wire_get_some_text(&s->in, &name) ||
        s->helper->driver.path)
        return serve_broken(s);
    atomic_store(&log_limit, (unsigned)s->call.numbers[0]);
    sandbox_begin(kind_of(name), say_left_out);
    if (load_driver(s->helper, directory, name, &e) == 0 && start_driver(s->helper, &e) == 0) {
        put_description(&s->out, &s->helper->driver);
        return LAGAN_OK;
    }
    buffer_append(&s->out, &e, sizeof e);
    s->operation.op.error = (struct lagan_error){0};
    return e.error_class;
}

static uint32_t serve_instance_new(struct serving *s)
{
    return s->helper->driver.ops.common.instance_new(serve_op(s), &s->helper->instance);
}

static void keep_path(struct helper *h, const char *path)
{
    if (h->path_count < HELPER_PATHS && (h->paths[h->path_count] = strdup(path)))
        h->path_count++;
}

/* numbers: row, number, type.  Body: whether there is a text, and it. */
static uint32_t serve_configure(struct serving *s)
{
    struct lagan_value value = {.type = (uint32_t)s->call.numbers[2],
                                .number = s->call.numbers[1]};
    size_t size = 0;
    const uint8_t *text = NULL;
    if (reader_u8(&s->in) != 0)
        text = reader_counted(&s->in, &size);
    if (s->in.failed || !reader_done(&s->in))
        return serve_broken(s);
    if (text) { /* the request has a zero behind it: see serve_next */
        value.text = (const char *)text;
        value.size = (uint32_t)size;
    }
    if (text && value.type == LAGAN_PARAMETER_PATH)
        keep_path(s->helper, value.text);
    uint32_t result = s->helper->driver.ops.common.configure(
        s->helper->instance, serve_op(s), (uint32_t)s->call.numbers[0], &value);
    explicit_bzero(s->request.data, s->request.size);
    return result;
}

static uint32_t serve_configured(struct serving *s)
{
    return s->helper->driver.ops.common.configured(s->helper->instance, serve_op(s));
}

/* numbers: LAGAN_OPEN_... */
static uint32_t serve_seal(struct serving *s)
{
    struct helper *h = s->helper;
    sandbox_seal(h->driver.descriptor.kind, (uint64_t)s->call.numbers[0],
                 (const char *const *)h->paths, h->path_count, say_left_out);
    h->sealed = true;
    return LAGAN_OK;
}

static uint32_t serve_start(struct serving *s)
{
    struct helper *h = s->helper;
    uint32_t result = h->driver.ops.common.start
                          ? h->driver.ops.common.start(h->instance, serve_op(s))
                          : (uint32_t)LAGAN_OK;
    h->started = result == LAGAN_OK;
    return result;
}

static uint32_t serve_open(struct serving *s)
{
    void *handle = NULL;
    uint32_t result = s->helper->driver.ops.common.open(s->helper->instance, serve_op(s),
                                                        (uint64_t)s->call.numbers[0], &handle);
    serve_made(s, handle);
    return result;
}

static uint32_t serve_close(struct serving *s)
{
    s->helper->driver.ops.common.close(serve_object(s));
    return LAGAN_OK;
}

static uint32_t serve_finish(struct serving *s)
{
    struct helper *h = s->helper;
    if (!h->instance)
        return LAGAN_OK;
    if (h->started && h->driver.ops.common.stop)
        h->driver.ops.common.stop(h->instance);
    h->driver.ops.common.instance_free(h->instance);
    h->instance = NULL;
    return LAGAN_OK;
}

static uint32_t serve_capabilities(struct serving *s)
{
    struct lagan_target_capabilities target = {.size = sizeof target};
    struct lagan_source_capabilities source = {.size = sizeof source};
    const struct driver *d = &s->helper->driver;
    bool is_target = d->descriptor.kind == LAGAN_KIND_TARGET;
    if (d->descriptor.kind == LAGAN_KIND_KEY)
        return serve_broken(s);
    uint32_t result = is_target
                          ? d->ops.target.capabilities(serve_object(s), serve_op(s), &target)
                          : d->ops.source.capabilities(serve_object(s), serve_op(s), &source);
    if (is_target)
        buffer_append(&s->out, &target, sizeof target);
    else
        buffer_append(&s->out, &source, sizeof source);
    return result;
}

/* Keys: numbers[1]: room.  Body: context and what is to be converted; the answer is data. */
static uint32_t serve_convert(struct serving *s)
{
    const struct lagan_key_ops *ops = &s->helper->driver.ops.key;
    const void *context, *bytes;
    size_t context_size, size, used = 0, room = (size_t)s->call.numbers[1];
    if (!wire_get_bytes(&s->in, SIZE_MAX, &context, &context_size) ||
        !wire_get_bytes(&s->in, SIZE_MAX, &bytes, &size) || room > WIRE_DATA_BYTES)
        return serve_broken(s);
    uint32_t result = s->call.verb == WIRE_WRAP
                          ? ops->wrap(serve_object(s), serve_op(s), context, context_size,
                                      bytes, size, s->data, room, &used)
                          : ops->unwrap(serve_object(s), serve_op(s), context, context_size,
                                        bytes, size, s->data, room, &used);
    explicit_bzero(s->request.data, s->request.size);
    s->answer.data_bytes = result == LAGAN_OK ? used : 0;
    return result;
}

static uint32_t serve_identify(struct serving *s)
{
    size_t room = (size_t)s->call.numbers[1];
    char *text = room > 0 && room <= LAGAN_WRAPPED_LIMIT ? calloc(1, room) : NULL;
    if (!text)
        return serve_broken(s);
    uint32_t result =
        s->helper->driver.ops.key.identify(serve_object(s), serve_op(s), text, room);
    text[room - 1] = '\0';
    if (result == LAGAN_OK)
        wire_put_text(&s->out, text);
    free(text);
    return result;
}

static serve_function *const common[WIRE_VERB_COUNT] = {
    [WIRE_DESCRIBE] = serve_describe,   [WIRE_INSTANCE_NEW] = serve_instance_new,
    [WIRE_CONFIGURE] = serve_configure, [WIRE_CONFIGURED] = serve_configured,
    [WIRE_SEAL] = serve_seal,           [WIRE_START] = serve_start,
    [WIRE_OPEN] = serve_open,           [WIRE_CLOSE] = serve_close,
    [WIRE_FINISH] = serve_finish,       [WIRE_CAPABILITIES] = serve_capabilities,
    [WIRE_WRAP] = serve_convert,        [WIRE_UNWRAP] = serve_convert,
    [WIRE_IDENTIFY] = serve_identify,
};

static serve_function *find(uint32_t verb)
{
    if (verb >= WIRE_VERB_COUNT)
        return NULL;
    if (common[verb])
        return common[verb];
    serve_function *found = serve_target_find(verb);
    if (!found)
        found = serve_source_find(verb);
    return found ? found : serve_entry_find(verb);
}

/* How far the host's clock is ahead of the system's; what a message takes is no difference. */
static void note_wall_clock(int64_t host_ns)
{
    int64_t shift = host_ns - operation_host_table()->wall_ns();
    bool replaced = shift > WALL_SLACK_NS || shift < -WALL_SLACK_NS;
    atomic_store(&wall_shift_ns, replaced ? shift : 0);
}

/* Prepares for a call: the op, and a copy of the body with a zero behind it. */
static void begin(struct serving *s)
{
    struct operation *o = &s->operation;
    const struct wire_head *call = &s->call;
    o->driver = s->helper->driver.descriptor.name;
    o->lock = NULL;
    o->op = (struct lagan_op){.size = sizeof o->op,
                              .id = call->op_id,
                              .deadline_ns = call->deadline_ns,
                              .cancel_fd = operation_cancel_fd(),
                              .bandwidth_class = call->bandwidth_class,
                              .host_private = o};
    note_wall_clock(call->wall_ns);
    buffer_clear(&s->request);
    buffer_append(&s->request, s->body, (size_t)call->body_bytes);
    buffer_append_u8(&s->request, 0);
    s->in = reader_of(s->request.data, (size_t)call->body_bytes);
    buffer_clear(&s->out);
    s->answer = (struct wire_head){.kind = WIRE_ANSWER, .sequence = call->sequence};
    s->sink_filled = 0;
    s->handed = 0;
}

/* Puts the error in front of what the verb has put out. */
static bool compose(struct serving *s, uint32_t result)
{
    struct buffer head CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_error *error = &s->operation.op.error;
    if (result != LAGAN_OK && error->error_class == result) {
        s->answer.flags |= WIRE_HAS_ERROR;
        wire_put_error(&head, error);
    }
    if (head.failed || s->out.failed || head.size + s->out.size > WIRE_BODY_BYTES)
        return false;
    if (head.size > 0)
        memcpy(s->body, head.data, head.size);
    if (s->out.size > 0)
        memcpy(s->body + head.size, s->out.data, s->out.size);
    s->answer.body_bytes = head.size + s->out.size;
    return true;
}

bool serve_next(struct serving *s)
{
    if (wire_receive(s->socket, &s->call, NULL, 0) != 1 || s->call.kind != WIRE_CALL ||
        s->call.body_bytes > WIRE_BODY_BYTES || s->call.data_bytes > WIRE_DATA_BYTES)
        return false;
    begin(s);
    serve_function *serve = find(s->call.verb);
    /* While there is one thread, nobody sees the host go. */
    if (!s->helper->sealed)
        alarm(ALARM_SECONDS);
    uint32_t result = serve && !s->request.failed ? serve(s) : serve_broken(s);
    if (s->call.verb <= WIRE_SEAL)
        alarm(0);
    if (!compose(s, result)) {
        buffer_clear(&s->out);
        s->answer.flags = 0;
        result = LAGAN_LIMIT;
    }
    s->answer.result = result;
    s->answer.flags |= atomic_exchange(&logged, false) ? WIRE_HAS_LOG : 0;
    s->answer.progress_bytes = atomic_exchange(&progress_bytes, 0);
    s->answer.progress_items = atomic_exchange(&progress_items, 0);
    return wire_send(s->socket, &s->answer, NULL, 0);
}
