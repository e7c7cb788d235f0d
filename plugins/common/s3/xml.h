/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml.h - answers of object stores as flat events: expat underneath, nothing held but the path
 * of the element at work and its text.
 *
 * Documents have no DTD and no entities but the five; elements are known by their path below
 * the root, "Contents/Key", with prefixes of name spaces cut off; attributes, comments and
 * processing instructions are skipped, and what a reader does not know it passes over.  UTF-8,
 * whatever the document says of itself.  White space in front of the document is skipped:
 * stores send it to keep a connection open.
 *
 * Some stores write characters that no document can hold, as numbers or as they are, where a
 * key has them.  An element whose text has such a one is passed over as if it were not there.
 *
 * A document whose root is Error instead of what was expected is read too, and told by
 * s3_xml_refusal().
 */
#ifndef PLUGINS_COMMON_S3_XML_H
#define PLUGINS_COMMON_S3_XML_H

#include <lagan/driver.h>

#include <stdbool.h>

enum {
    S3_XML_DEPTH_LIMIT = 12,
    S3_XML_NAME_LIMIT = 64,        /* bytes of an element's name */
    S3_XML_TEXT_LIMIT = 16 << 10,  /* bytes of an element's text */
    S3_XML_TOKEN_LIMIT = 32 << 10, /* bytes of a tag with all its attributes, of a comment */
    S3_XML_ELEMENT_LIMIT = 50000,  /* elements of a document */
    S3_XML_BYTES_LIMIT = 16 << 20, /* of a document */
    S3_XML_CODE_SIZE = 80          /* of an error's code, with its terminator */
};

/* Receives events; a result other than OK ends the document with it. */
struct s3_xml_reader {
    void *context;
    /* Name of the root; NULL = any but Error. */
    const char *root;
    /* An answer without a body (as its Content-Length says) is taken for one that tells
     * nothing. */
    bool may_be_empty;
    /* An element below the root begins.  NULL = not wanted. */
    uint32_t (*begin)(void *context, const char *path);
    /* It ends: `text` is terminated and valid during the call, with `size` bytes in UTF-8
     * without zero; "" of elements that hold others. */
    uint32_t (*end)(void *context, const char *path, const char *text, size_t size);
};

struct s3_xml;

/* `reader` is copied, `op` is kept for lagan_fail(); NULL without memory. */
struct s3_xml *s3_xml_new(struct lagan_op *op, const struct s3_xml_reader *reader);
void s3_xml_free(struct s3_xml *x);
/* Takes the next bytes of the document.  OK, CORRUPT (it is no such document, or beyond the
 * limits), INTERNAL, or what the reader said; after an error the same again. */
uint32_t s3_xml_feed(struct s3_xml *x, const void *data, size_t size);
/* The document has ended: CORRUPT when it is not whole. */
uint32_t s3_xml_finish(struct s3_xml *x);
/* After s3_xml_finish: NULL, or the code of the Error that came instead of an answer, cut to
 * fit. As long as `x`. */
const char *s3_xml_refusal(const struct s3_xml *x);

#endif
