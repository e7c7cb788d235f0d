/* SPDX-License-Identifier: Apache-2.0 */
/* operation.h - what the operations beyond single requests share. */
#ifndef PLUGINS_COMMON_S3_OPERATION_H
#define PLUGINS_COMMON_S3_OPERATION_H

#include "common/s3/s3_private.h"
#include "common/s3/xml.h"

/* Sends the request and reads the body of the answer with `reader` as it comes.  An Error in
 * the body of a good answer is an error, and so is a body that is cut or missing (CORRUPT,
 * outcome unknown of what is no GET).  `answer` is freed by the caller. */
uint32_t s3_ask(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                struct s3_answer *answer, const struct s3_xml_reader *reader);
/* Sends a request whose answer has no body that matters.  `made` may be NULL. */
uint32_t s3_tell(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                 struct s3_made *made);
/* Sends a request whose answer is read by `fields` and lets `made`, which may be NULL, have
 * what its headers say. */
struct s3_fields;
uint32_t s3_ask_fields(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                       struct s3_fields *fields, struct s3_made *made);
/* Gives the request `body`, an XML document; without memory it is a flaw. */
void s3_set_document(struct s3_request *request, const struct s3_text *body);

/* A reader of single texts: each by its path below the root. */
struct s3_field {
    const char *path;
    char *value; /* of `room` bytes with its terminator; longer ones are CORRUPT */
    size_t room;
    bool told;
};
struct s3_fields {
    struct lagan_op *op;
    const char *root; /* or NULL */
    struct s3_field *list;
    size_t count;
};
struct s3_xml_reader s3_fields_reader(struct s3_fields *fields);

/* Adds text as XML has it: five entities, line breaks as numbers. */
void s3_text_escape(struct s3_text *text, const char *data, size_t size);
/* Whether a document can hold the bytes: UTF-8 without control characters. */
bool s3_xml_can_hold(const char *data, size_t size);
/* Undoes encoding-type=url in place, where '+' is a space; the new size, or SIZE_MAX when it is
 * none. */
size_t s3_decode_form(char *data, size_t size);

/* A version as a query; NULL = none. */
void s3_add_version(struct s3_request *request, const char *version);
/* The same without conditions; NULL is nothing. */
struct s3_give s3_give_plain(const struct s3_give *give);
/* Where the store does not look itself: EXISTS when `give` wants the key to be free and it is
 * not; PRECONDITION when it is not the one that `give` wants. */
uint32_t s3_check_target(struct s3 *client, struct lagan_op *op, const char *key,
                         size_t key_size, const struct s3_give *give);
/* The name of the original as x-amz-copy-source has it: bucket, '/', key, "?versionId=". */
void s3_copy_source(struct s3_text *text, const char *bucket, const struct s3_original *from);
/* Headers that name the original, and if_match where it is given. */
void s3_add_original(struct s3 *client, struct s3_request *request,
                     const struct s3_original *from);

/* Many removals, while the answer of one request for them is read. */
struct s3_removing {
    struct lagan_op *op;
    struct s3_removal **sorted; /* those of the request, by key once there is a reader */
    size_t count;
    struct s3_text key; /* of the element at work */
    struct s3_text version;
    struct s3_text code;
};
struct s3_xml_reader s3_removing_reader(struct s3_removing *removing);
/* Copies in parts of `piece_bytes`, whatever the length; else as s3_copy. */
uint32_t s3_copy_in_parts(struct s3 *client, struct lagan_op *op,
                          const struct s3_original *from, const char *key, size_t key_size,
                          bool keep, const struct s3_give *give, uint64_t piece_bytes,
                          struct s3_made *made);
/* Puts tags on what was just made, in a store where they do not come with it; an error's
 * outcome is DONE. */
uint32_t s3_put_tags_apart(struct s3 *client, struct lagan_op *op, const char *key,
                           size_t key_size, const struct s3_made *made,
                           const struct s3_pair *tags, size_t count);
/* s3_tags_get of an object in `bucket`; NULL = the client's. */
uint32_t s3_tags_of(struct s3 *client, struct lagan_op *op, const char *bucket, const char *key,
                    size_t key_size, const char *version, const struct s3_pair_collector *tags);

/* An op for cleaning up behind one that may have been cancelled: it ends soon by itself. */
struct lagan_op s3_clean_up_op(void);

/* Fails without memory. */
uint32_t s3_fail_memory(struct lagan_op *op);

#endif
