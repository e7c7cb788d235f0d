/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.c - a server with one bucket of as many objects as one likes, which exist only as
 * numbers: to see what a walk of millions of keys costs a client.
 *
 *     listing PORT KEYS BYTES SECONDS
 *
 * Listens on 127.0.0.1, answers listings (both kinds, and of versions), HEAD and GET of objects
 * of BYTES bytes each, and the small questions about a bucket; credentials are not looked at.
 * Ends after SECONDS.  The keys are k/0000000/000, k/0000000/001, ... in order.  Besides:
 *
 *     /-/counts         what was asked for since the last reset, a line for each kind
 *     /-/reset
 *     /-/change?N       the first N objects have another content from now on
 *
 * A page is copied from a prepared one, with the digits that differ put in: it costs next to
 * nothing beside what the client does with it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 1000,        /* keys of a page, and those that share their first digits */
    CONTENTS = 16,      /* different contents */
    KEY = 13,           /* bytes of a key */
    DIGITS_AT = 2,      /* where the digits that a page shares are in it */
    DIGITS = 7,         /* how many */
    ETAG = 32,          /* bytes of an ETag */
    ENTRY = 512,        /* room for the text of an entry */
    REQUEST = 32 * 1024 /* most bytes of a request's head */
};

#define MODIFIED "2026-01-02T03:04:05.000Z"
#define MODIFIED_HEADER "Fri, 02 Jan 2026 03:04:05 GMT"

/* What was asked for. */
#define COUNTS(X)                                                                              \
    X(LIST, "list")                                                                            \
    X(HEAD, "head")                                                                            \
    X(GET, "get")                                                                              \
    X(OTHER, "other")

enum count {
#define X(symbol, name) COUNT_##symbol,
    COUNTS(X)
#undef X
};

static const char *const count_names[] = {
#define X(symbol, name) name,
    COUNTS(X)
#undef X
};

enum { COUNT_KINDS = sizeof count_names / sizeof *count_names };

/* A prepared page: PAGE entries of one length. */
struct page {
    char *text;
    size_t entry_bytes;
    size_t digits_at; /* within an entry */
    size_t etag_at;
};

static struct {
    uint64_t keys;
    uint64_t bytes;
    uint8_t *contents[CONTENTS];
    char etags[CONTENTS][ETAG + 1];
    struct page objects, versions;
    _Atomic uint64_t changed;
    _Atomic uint64_t counts[COUNT_KINDS];
} bucket;

/* A connection, with the request that is being answered. */
struct visitor {
    int socket;
    char head[REQUEST];
    size_t got;    /* bytes in `head` */
    size_t length; /* of the request's head */
    char *method, *path, *query;
    bool is_head;
    char *answer; /* room for a page */
};

static void die(const char *what)
{
    fprintf(stderr, "listing: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- the bucket ------------------------------------------------------------------------- */

static uint64_t content_of(uint64_t number)
{
    uint64_t shift = number < atomic_load(&bucket.changed) ? 1 : 0;

    return (number + shift) % CONTENTS;
}

static void make_contents(void)
{
    uint8_t digest[EVP_MAX_MD_SIZE];

    for (int i = 0; i < CONTENTS; i++) {
        bucket.contents[i] = malloc(bucket.bytes + 1);
        if (!bucket.contents[i])
            die("contents");
        for (uint64_t at = 0; at < bucket.bytes; at++)
            bucket.contents[i][at] = (uint8_t)('a' + (at * (uint64_t)(i + 3) + at / 61) % 26);
        EVP_Digest(bucket.contents[i], bucket.bytes, digest, NULL, EVP_md5(), NULL);
        for (int at = 0; at < ETAG / 2; at++)
            snprintf(bucket.etags[i] + 2 * at, 3, "%02x", digest[at]);
    }
}

static void make_page(struct page *page, const char *form)
{
    char text[ENTRY];

    for (unsigned i = 0; i < PAGE; i++) {
        char key[KEY + 1];
        int length;

        snprintf(key, sizeof key, "k/%0*u/%03u", DIGITS, 0, i % PAGE);
        length = snprintf(text, sizeof text, form, key, bucket.etags[i % CONTENTS],
                          (unsigned long long)bucket.bytes);
        if (length <= 0 || length >= ENTRY)
            die("entry");
        if (i == 0) {
            page->entry_bytes = (size_t)length;
            page->text = malloc(page->entry_bytes * PAGE + 1);
            page->digits_at = (size_t)(strstr(text, key) - text) + DIGITS_AT;
            page->etag_at = (size_t)(strstr(text, bucket.etags[0]) - text);
        }
        if (!page->text)
            die("page");
        memcpy(page->text + page->entry_bytes * i, text, (size_t)length);
    }
}

static void make_pages(void)
{
    make_page(&bucket.objects,
              "<Contents><Key>%s</Key><LastModified>" MODIFIED "</LastModified>"
              "<ETag>&quot;%s&quot;</ETag><Size>%llu</Size>"
              "<StorageClass>STANDARD</StorageClass></Contents>");
    make_page(&bucket.versions,
              "<Version><Key>%s</Key><VersionId>null</VersionId><IsLatest>true</IsLatest>"
              "<LastModified>" MODIFIED "</LastModified><ETag>&quot;%s&quot;</ETag>"
              "<Size>%llu</Size><StorageClass>STANDARD</StorageClass></Version>");
}

static void key_of(uint64_t number, char key[KEY + 1])
{
    uint64_t page = number / PAGE, index = number % PAGE;

    memcpy(key, "k/0000000/000", KEY + 1);
    for (int at = DIGITS_AT + DIGITS - 1; at >= DIGITS_AT; at--, page /= 10)
        key[at] = (char)('0' + page % 10);
    for (int at = KEY - 1; at > DIGITS_AT + DIGITS; at--, index /= 10)
        key[at] = (char)('0' + index % 10);
}

/* The first number whose key is not before `text` in its first `limit` bytes; with `behind`,
 * the first one behind it. */
static uint64_t find_number(const char *text, size_t limit, bool behind)
{
    uint64_t low = 0, high = bucket.keys;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        char key[KEY + 1];
        int order;

        key_of(middle, key);
        order = strncmp(key, text, limit);
        if (order < 0 || (behind && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- the wire --------------------------------------------------------------------------- */

static bool put(struct visitor *visitor, const void *data, size_t bytes)
{
    const char *at = data;

    while (bytes > 0) {
        ssize_t done = send(visitor->socket, at, bytes, MSG_NOSIGNAL);

        if (done <= 0)
            return false;
        at += done;
        bytes -= (size_t)done;
    }
    return true;
}

static bool put_answer(struct visitor *visitor, const char *status, const char *headers,
                       const void *body, size_t bytes)
{
    char head[1024], date[64];
    time_t now = time(NULL);
    struct tm parts;
    int length;

    gmtime_r(&now, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    length =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\nDate: %s\r\nServer: listing\r\n%sContent-Length: %zu\r\n\r\n",
                 status, date, headers, bytes);
    return put(visitor, head, (size_t)length) &&
           (visitor->is_head || put(visitor, body, bytes));
}

static bool put_text(struct visitor *visitor, const char *text)
{
    return put_answer(visitor, "200 OK", "Content-Type: application/xml\r\n", text,
                      strlen(text));
}

static bool put_error(struct visitor *visitor, const char *status, const char *code)
{
    char text[256];
    int length = snprintf(text, sizeof text,
                          "<?xml version=\"1.0\"?><Error><Code>%s</Code></Error>", code);

    return put_answer(visitor, status, "Content-Type: application/xml\r\n", text,
                      (size_t)length);
}

/* Undoes percent signs in place. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        unsigned byte;

        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = 0;
}

/* A parameter of the query into `value`; false when there is none. */
static bool parameter(const struct visitor *visitor, const char *name, char value[REQUEST])
{
    size_t length = strlen(name);
    const char *at = visitor->query;

    while (at && *at) {
        size_t all = strcspn(at, "&");

        if (!strncmp(at, name, length) && (at[length] == '=' || length == all)) {
            size_t skip = length + (at[length] == '=');

            memcpy(value, at + skip, all - skip);
            value[all - skip] = 0;
            unescape(value);
            return true;
        }
        at += all + (at[all] == '&');
    }
    return false;
}

/* --- listings --------------------------------------------------------------------------- */

/* The range of numbers that a request means. */
static void find_range(const struct visitor *visitor, uint64_t *first, uint64_t *end)
{
    static const char *const names[] = {"continuation-token", "start-after", "marker",
                                        "key-marker"};
    char value[REQUEST];

    *first = 0;
    *end = bucket.keys;
    if (parameter(visitor, "prefix", value) && *value) {
        *first = find_number(value, strlen(value), false);
        *end = find_number(value, strlen(value), true);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (parameter(visitor, names[i], value) && *value) {
            uint64_t after = find_number(value, SIZE_MAX, true);

            *first = after > *first ? after : *first;
            break;
        }
    if (*first > *end)
        *first = *end;
}

static char *put_entries(char *to, const struct page *page, uint64_t first, uint64_t count)
{
    for (uint64_t number = first; number < first + count; number++) {
        char digits[DIGITS];
        uint64_t rest = number / PAGE;

        memcpy(to, page->text + (number % PAGE) * page->entry_bytes, page->entry_bytes);
        for (int i = DIGITS; i-- > 0; rest /= 10)
            digits[i] = (char)('0' + rest % 10);
        memcpy(to + page->digits_at, digits, DIGITS);
        /* PAGE is no multiple of CONTENTS: the ETag goes by the number. */
        memcpy(to + page->etag_at, bucket.etags[content_of(number)], ETAG);
        to += page->entry_bytes;
    }
    return to;
}

static uint64_t page_limit(const struct visitor *visitor)
{
    char value[REQUEST];
    uint64_t limit = parameter(visitor, "max-keys", value) ? strtoull(value, NULL, 10) : PAGE;

    return limit < PAGE ? limit : PAGE;
}

static bool answer_listing(struct visitor *visitor, bool versions)
{
    const struct page *page = versions ? &bucket.versions : &bucket.objects;
    const char *root = versions ? "ListVersionsResult" : "ListBucketResult";
    uint64_t first, end, limit = page_limit(visitor), count;
    char value[REQUEST], last[KEY + 1] = "", *at = visitor->answer;

    find_range(visitor, &first, &end);
    count = end - first < limit ? end - first : limit;
    at += sprintf(
        at,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns=\"http://s3.amazonaws."
        "com/doc/2006-03-01/\"><Name>big</Name><MaxKeys>%llu</MaxKeys>%s"
        "<KeyCount>%llu</KeyCount><IsTruncated>%s</IsTruncated>",
        root, (unsigned long long)limit,
        parameter(visitor, "encoding-type", value) ? "<EncodingType>url</EncodingType>" : "",
        (unsigned long long)count, first + count < end ? "true" : "false");
    at = put_entries(at, page, first, count);
    if (count && first + count < end) {
        key_of(first + count - 1, last);
        if (versions)
            at += sprintf(at,
                          "<NextKeyMarker>%s</NextKeyMarker>"
                          "<NextVersionIdMarker>null</NextVersionIdMarker>",
                          last);
        else
            at += sprintf(at,
                          "<NextContinuationToken>%s</NextContinuationToken>"
                          "<NextMarker>%s</NextMarker>",
                          last, last);
    }
    at += sprintf(at, "</%s>", root);
    return put_answer(visitor, "200 OK", "Content-Type: application/xml\r\n", visitor->answer,
                      (size_t)(at - visitor->answer));
}

/* --- objects ---------------------------------------------------------------------------- */

static bool number_of(const char *key, uint64_t *number)
{
    unsigned long long page, index;
    char again[KEY + 1];

    if (sscanf(key, "k/%7llu/%3llu", &page, &index) != 2)
        return false;
    *number = page * PAGE + index;
    key_of(*number, again);
    return *number < bucket.keys && !strcmp(key, again);
}

/* The value of a header of the request, or NULL. */
static const char *header_of(const struct visitor *visitor, const char *name)
{
    for (const char *line = strstr(visitor->path, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (!strncasecmp(line, name, strlen(name)))
            return line + strlen(name) + strspn(line + strlen(name), " ");
    }
    return NULL;
}

static bool answer_object(struct visitor *visitor, uint64_t number, const char *range)
{
    uint64_t content = content_of(number), from = 0, end = bucket.bytes;
    unsigned long long low, high;
    char headers[512], part[128] = "";
    const char *status = "200 OK";

    if (range && sscanf(range, "bytes=%llu-%llu", &low, &high) >= 1) {
        if (sscanf(range, "bytes=%*u-%llu", &high) == 1 && high + 1 < end)
            end = high + 1;
        if (low >= bucket.bytes || low >= end)
            return put_error(visitor, "416 Range", "InvalidRange");
        from = low;
        status = "206 Partial Content";
        snprintf(part, sizeof part, "Content-Range: bytes %llu-%llu/%llu\r\n",
                 (unsigned long long)from, (unsigned long long)end - 1,
                 (unsigned long long)bucket.bytes);
    }
    snprintf(headers, sizeof headers,
             "ETag: \"%s\"\r\nLast-Modified: " MODIFIED_HEADER
             "\r\nContent-Type: text/plain\r\n"
             "Accept-Ranges: bytes\r\nx-amz-meta-kind: generated\r\n%s",
             bucket.etags[content], part);
    return put_answer(visitor, status, headers, bucket.contents[content] + from, end - from);
}

/* --- requests --------------------------------------------------------------------------- */

/* Questions about a bucket or an object that have one answer. */
static const struct {
    const char *parameter;
    const char *text;
} small_answers[] = {
    {"location", "<LocationConstraint>us-east-1</LocationConstraint>"},
    {"versioning", "<VersioningConfiguration/>"},
    {"tagging", "<Tagging><TagSet></TagSet></Tagging>"},
    {"acl", "<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList/>"
            "</AccessControlPolicy>"},
    {"uploads", "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>"
                "</ListMultipartUploadsResult>"},
};

static void count(enum count kind)
{
    atomic_fetch_add(&bucket.counts[kind], 1);
}

static bool answer_control(struct visitor *visitor)
{
    char text[512], *at = text;

    if (!strcmp(visitor->path, "/-/reset"))
        for (int i = 0; i < COUNT_KINDS; i++)
            atomic_store(&bucket.counts[i], 0);
    else if (!strcmp(visitor->path, "/-/change"))
        atomic_store(&bucket.changed, strtoull(visitor->query ? visitor->query : "", NULL, 10));
    for (int i = 0; i < COUNT_KINDS; i++)
        at += sprintf(at, "%s %llu\n", count_names[i],
                      (unsigned long long)atomic_load(&bucket.counts[i]));
    return put_answer(visitor, "200 OK", "", text, (size_t)(at - text));
}

static bool answer_bucket(struct visitor *visitor)
{
    char value[REQUEST];

    if (visitor->is_head) {
        count(COUNT_OTHER);
        return put_answer(visitor, "200 OK", "", "", 0);
    }
    if (parameter(visitor, "object-lock", value)) {
        count(COUNT_OTHER);
        return put_error(visitor, "404 Not Found", "ObjectLockConfigurationNotFoundError");
    }
    count(COUNT_LIST);
    return answer_listing(visitor, parameter(visitor, "versions", value));
}

static bool answer_request(struct visitor *visitor, const char *range)
{
    char value[REQUEST], *key;
    uint64_t number;

    if (!strncmp(visitor->path, "/-/", 3))
        return answer_control(visitor);
    if (strcmp(visitor->method, "GET") != 0 && !visitor->is_head) {
        count(COUNT_OTHER);
        return put_error(visitor, "405 Method Not Allowed", "MethodNotAllowed");
    }
    for (size_t i = 0; i < sizeof small_answers / sizeof *small_answers; i++)
        if (parameter(visitor, small_answers[i].parameter, value)) {
            count(COUNT_OTHER);
            return put_text(visitor, small_answers[i].text);
        }
    key = strchr(visitor->path + 1, '/');
    if (!key || !key[1])
        return answer_bucket(visitor);
    count(visitor->is_head ? COUNT_HEAD : COUNT_GET);
    if (!number_of(key + 1, &number))
        return put_error(visitor, "404 Not Found", "NoSuchKey");
    return answer_object(visitor, number, range);
}

/* Reads the next head; what stands behind it is kept for the one after. */
static bool read_head(struct visitor *visitor)
{
    memmove(visitor->head, visitor->head + visitor->length, visitor->got - visitor->length);
    visitor->got -= visitor->length;
    visitor->length = 0;
    for (;;) {
        char *end;
        ssize_t bytes;

        visitor->head[visitor->got] = 0;
        end = strstr(visitor->head, "\r\n\r\n");
        if (end) {
            end[2] = 0;
            visitor->length = (size_t)(end - visitor->head) + 4;
            return true;
        }
        bytes =
            recv(visitor->socket, visitor->head + visitor->got, REQUEST - 1 - visitor->got, 0);
        if (bytes <= 0)
            return false;
        visitor->got += (size_t)bytes;
    }
}

static bool take_request(struct visitor *visitor)
{
    const char *range;
    char *space;

    if (!read_head(visitor))
        return false;
    visitor->method = visitor->head;
    space = strchr(visitor->head, ' ');
    if (!space)
        return false;
    *space = 0;
    visitor->path = space + 1;
    range = header_of(visitor, "Range:");
    space = strchr(visitor->path, ' ');
    if (!space)
        return false;
    *space = 0;
    visitor->is_head = !strcmp(visitor->method, "HEAD");
    visitor->query = strchr(visitor->path, '?');
    if (visitor->query)
        *visitor->query++ = 0;
    unescape(visitor->path);
    return answer_request(visitor, range);
}

static void *serve(void *context)
{
    struct visitor *visitor = context;

    visitor->answer = malloc(ENTRY * (PAGE + 8));
    while (visitor->answer && take_request(visitor))
        ;
    close(visitor->socket);
    free(visitor->answer);
    free(visitor);
    return NULL;
}

static void take_visitor(int socket)
{
    struct visitor *visitor = calloc(1, sizeof *visitor);
    pthread_t thread;
    int on = 1;

    if (!visitor)
        die("visitor");
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    visitor->socket = socket;
    if (pthread_create(&thread, NULL, serve, visitor) != 0)
        die("thread");
    pthread_detach(thread);
}

int main(int argc, char **argv)
{
    struct sockaddr_in place = {.sin_family = AF_INET};
    int listener, on = 1;

    if (argc != 5) {
        fprintf(stderr, "listing PORT KEYS BYTES SECONDS\n");
        return 2;
    }
    place.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bucket.keys = strtoull(argv[2], NULL, 10);
    bucket.bytes = strtoull(argv[3], NULL, 10);
    alarm((unsigned)strtoul(argv[4], NULL, 10));
    make_contents();
    make_pages();
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, (struct sockaddr *)&place, sizeof place) != 0 ||
        listen(listener, 256) != 0)
        die(argv[1]);
    for (;;) {
        int socket = accept(listener, NULL, NULL);

        if (socket >= 0)
            take_visitor(socket);
    }
}
