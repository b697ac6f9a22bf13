/*
 * pair.c - a probe on functions and one on their returns become one program
 *
 * Some kernels run one program at both ends of a function (sessions): one link instead of two, and
 * the return is seen for certain where the entry was. Probes stay what they are; only the two are
 * told of each other. The plan makes one program of them, code generation one function of each and
 * a third that asks which end it is.
 */
#include "sema/sema_impl.h"

static bool same_target(const struct target *a, const struct target *b)
{
    return str_eq(a->func, b->func) && str_eq(a->module, b->module) && a->func.n && !a->offset &&
           !b->offset && !a->has_addr && !b->has_addr;
}

static bool same_targets(const struct probe *a, const struct probe *b)
{
    if (a->n_targets != b->n_targets)
        return false;
    for (size_t i = 0; i < a->n_targets; i++) {
        if (!same_target(&a->targets[i], &b->targets[i]))
            return false;
    }
    return true;
}

static struct probe *find_exit(struct compile *c, const struct probe *entry)
{
    for (struct probe *p = c->program->probes; p; p = p->next) {
        if (p->provider == entry->provider->returns && !p->entry && same_targets(entry, p))
            return p;
    }
    return NULL;
}

void attach_pairs(struct compile *c)
{
    for (struct probe *p = c->program->probes; p; p = p->next) {
        if (!p->provider->returns || !(p->exit = find_exit(c, p)))
            continue;
        /* Asked late: only scripts that have pairs need to know. */
        if (p->provider->has_session(c->host))
            p->exit->entry = p;
        else
            p->exit = NULL;
    }
}
