/*
 * out.h - where results go: a stream, and the format they take on it
 *
 *     int rc = out_open(&out, config, &e);
 *     out->ops->text(out, OUT_PRINTF, text);
 *     out_close(out);
 *
 * A format is one out_ops, one file, one line in registry.c. Results go to the stream; everything
 * about the run itself (attached, lost, warnings) goes to stderr in text mode, to the stream in
 * JSON as LANGUAGE.md 17.1 and 18 say.
 */
#ifndef HARK_OUTPUT_OUT_H
#define HARK_OUTPUT_OUT_H

#include "base/config.h"
#include "base/err.h"
#include "base/diag.h"
#include "output/value.h"

struct out;

/* Kinds of plain text a script produces; JSON names them. */
enum out_text { OUT_PRINTF, OUT_TIME, OUT_CAT, OUT_JOIN, OUT_SYSTEM };

/* What became of a test: or bench: probe. */
struct out_test {
    struct str name;
    bool passed;
    uint64_t ns;
    struct str output; /* what it printed, as text */
};

struct out_bench {
    struct str name;
    uint64_t ns; /* of one run */
    uint64_t iterations;
};

struct out_ops {
    const char *name; /* hark -f NAME */
    void (*attached)(struct out *, unsigned probes);
    /* text has everything text mode prints (join: its newline too). */
    void (*text)(struct out *, enum out_text, struct str text);
    void (*value)(struct out *, const struct value *);                   /* print(expr) */
    void (*map)(struct out *, struct str name, const struct value *map); /* name with its '@' */
    void (*lost)(struct out *, uint64_t events);
    /*
     * Events of a probe that its program was not run for, as the kernel counts them with the
     * program and with the link. Both 0 only with -v.
     */
    void (*missed)(struct out *, struct str probe, uint64_t program, uint64_t link);
    /* errorf() and warnf() of the script. */
    void (*message)(struct out *, enum severity, const struct location *, struct str text);
    /*
     * A BPF program met trouble: helper "map_update_elem" with retcode, or NULL (division by zero
     * …). times: how often since the last report.
     */
    void (*trouble)(struct out *, const struct location *, struct str text, const char *helper,
                    int retcode, uint64_t times);
    void (*tests)(struct out *, const struct out_test *, size_t n);
    void (*benches)(struct out *, const struct out_bench *, size_t n);
    void (*end)(struct out *); /* text: the blank lines before the maps at exit */
};

struct out {
    const struct out_ops *ops;
    int fd;
    struct buf buf; /* not yet written; a struct out is written by one thread */
    enum config_buffering buffering;
    bool colour; /* of messages on stderr */
    bool quiet;
    bool warnings;   /* false: trouble() and warnf() are silent */
    unsigned errors; /* errorf()s of the script so far */
    FILE *capture;   /* or NULL: goes there instead of anywhere else */
    bool batch;      /* between out_batch(true) and (false): lines wait for each other */
    int error;       /* -errno of the first failed write; nothing is written after it */
};

/*
 * By -f, -B, -o, -q of the command line: a file is truncated, without -o it is standard output.
 * A reader that goes away is an error like any other (-EPIPE) if the process ignores SIGPIPE.
 */
int out_open(struct out **, const struct config *, struct err *);
int out_flush(struct out *);  /* -errno if this or an earlier write failed */
void out_close(struct out *); /* flushes; NULL is fine */

/* For formats: appends to the buffer, which is written by the rules of -B at the end of a call. */
void out_write(struct out *, struct str);
void out_done(struct out *); /* one message is complete: flush by the rules of -B */
/* Messages that come in a batch are written together when it is over, not line by line (-B line).
 */
void out_batch(struct out *, bool begins);
/* A line about the run, for people: on stderr, after what the stream has so far. */
void out_note(struct out *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Between these, all that would be printed, messages too, becomes a text. -errno: no memory. */
struct out_capture {
    const struct out_ops *ops;
    char *text;
    size_t n;
};
int out_capture_begin(struct out *, struct out_capture *);
struct str out_capture_end(struct out *, struct out_capture *, struct arena *);

extern const struct out_ops out_text_ops, out_json_ops;
const struct out_ops *const *out_formats(void); /* ends with NULL */

#endif
