/*
 * session.h - run an image: load, attach, handle events, print, leave
 *
 *     rc = session_open(&s, image, &host, registry, out, &e);   everything loaded, nothing attached
 *     rc = session_run(s, &e);                                  until the end, maps printed
 *     status = session_exit_code(s);
 *     session_close(s);
 */
#ifndef HARK_RUNTIME_SESSION_H
#define HARK_RUNTIME_SESSION_H

#include "base/err.h"
#include "base/host.h"
#include "builtins/builtin.h"
#include "image/image.h"
#include "output/out.h"

struct session;

/*
 * Is there the process of -p, the program of -c? A question of its own, as the answer is a wrong
 * command line (status 1) and not a run that failed. -errno with a sentence.
 */
int session_check(const struct config *, struct err *);
/* All but e are borrowed until session_close(). The child of -c is created here, stopped. */
int session_open(struct session **, struct image *, const struct host *, const struct registry *,
                 struct out *, struct err *);
/*
 * begin probes, attach, gate open, loop, gate shut, end probes, drain, maps, report of losses.
 * Links are torn down only in session_close(). 0, or -errno with a sentence (the run failed: status
 * 255).
 */
int session_run(struct session *, struct err *);
int session_exit_code(const struct session *);
void session_close(struct session *); /* closing a half-open session is fine; NULL too */

#endif
