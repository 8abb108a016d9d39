/* err - how a function says that it failed, and why.
 *
 * What can fail returns `enum err` and is CHECKED. Outputs are written on ERR_OK alone. Where a
 * person will read the failure, the last argument is a `struct reason *why`, which may be NULL.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
    ERR_OK = 0,
    ERR_RANGE,   /* a value is outside its range, or not a number */
    ERR_FORMAT,  /* bytes or text are not what the format says */
    ERR_UNKNOWN, /* no such name, address, file or device */
    ERR_BUSY,    /* not now: nothing to read yet, or the peer does not answer */
    ERR_FULL,    /* a stated bound is reached, or there is no memory */
    ERR_IO,      /* the operating system refused; the reason holds its words */
    ERR_DENIED,  /* understood, but not allowed */
};

#define CHECKED __attribute__((warn_unused_result))

/* Elements of an array (not of a pointer). */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A sentence for a person: what was wrong and what would be right. */
struct reason {
    char text[320];
};

/* Writes the sentence into `why` (cut at its size; nothing when why is NULL) and returns `e`,
 * so that a check is one line: return reason(why, ERR_RANGE, "rate %g Hz: 400 .. 256000", hz); */
enum err reason(struct reason *why, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before what `why` already says. Returns `e`. */
enum err reason_prefix(struct reason *why, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The name of a code without its prefix, as in logs: "range". */
const char *err_name(enum err e);

#endif
