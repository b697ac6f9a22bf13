/*
 * typed.c - programs that BTF tells what they are for
 *
 * A program of an fentry probe or an iterator is loaded for one function, named by its number in
 * the BTF of the kernel, of a module, or of another program. libbpf would find that number by
 * reading all of the kernel's BTF (40 ms); our providers know it. So libbpf gets a handler of ours
 * for the sections of such programs: until the program is loaded they pass as another type, which
 * needs no BTF; then the handler puts in the type, the number and where it counts.
 */
#include "runtime/session_impl.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Beginnings of sections; providers that use them call session_set_typed(). */
static const char *const sections[] = { "fentry/", "fexit/", "iter/", "tp_btf/" };

struct typed {
    enum bpf_attach_type attach;
    uint32_t id;
    int fd;
};

static int prepare_load(struct bpf_program *program, struct bpf_prog_load_opts *opts, long cookie)
{
    const struct session *s = (const struct session *)cookie;
    size_t i = 0;

    while (i < s->image->probes.n && s->programs[i] != program)
        i++;
    if (i == s->image->probes.n || !s->typed || !s->typed[i].id)
        return -EINVAL; /* the image's sections do not go with its probe types */
    opts->expected_attach_type = s->typed[i].attach;
    opts->attach_btf_id = s->typed[i].id;
    opts->attach_prog_fd = s->typed[i].fd; /* the kernel takes both sorts of descriptors there */
    return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

static bool is_used(const struct session *s, const char *section)
{
    for (size_t i = 0; i < s->image->probes.n; i++) {
        if (str_starts(s->image->probes.v[i].section, str_from(section)))
            return true;
    }
    return false;
}

int typed_open(struct session *s, struct err *e)
{
    LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = (long)s,
                .prog_prepare_load_fn = prepare_load);

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        int handler;

        if (!is_used(s, sections[i]))
            continue;
        handler = libbpf_register_prog_handler(sections[i], BPF_PROG_TYPE_KPROBE,
                                               (enum bpf_attach_type)0, &opts);
        if (handler < 0)
            return err_set(e, handler, "libbpf takes no handler for %s programs", sections[i]);
        vec_push(&s->handlers, handler);
    }
    return 0;
}

void typed_close(struct session *s)
{
    for (size_t i = 0; i < s->modules.n; i++)
        close(s->modules.v[i].fd);
    vec_free(&s->modules);
    for (size_t i = 0; i < s->handlers.n; i++)
        libbpf_unregister_prog_handler(s->handlers.v[i]);
    vec_free(&s->handlers);
    free(s->typed);
}

/* Is it the BTF of this module, and not of some program? */
static bool is_module(int fd, struct str name)
{
    char text[64] = "";
    struct bpf_btf_info info = { .name = (uintptr_t)text, .name_len = sizeof(text) };
    uint32_t size = sizeof(info);

    return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf && str_eqz(name, text);
}

int session_module_btf(struct session *s, struct str module, struct err *e)
{
    uint32_t id = 0;
    int fd;

    for (size_t i = 0; i < s->modules.n; i++) {
        if (str_eq(s->modules.v[i].name, module))
            return s->modules.v[i].fd;
    }
    while (!bpf_btf_get_next_id(id, &id)) {
        if ((fd = bpf_btf_get_fd_by_id(id)) < 0)
            continue; /* gone by now */
        if (is_module(fd, module)) {
            vec_push(&s->modules, (struct module_btf){ module, fd });
            return fd;
        }
        close(fd);
    }
    return err_set(e, -ENOENT, "the kernel has no BTF of a module %.*s: is it loaded?",
                   STRF(module));
}

void session_set_typed(struct session *s, const struct image_probe *p, unsigned attach_type,
                       uint32_t btf_id, int btf_fd)
{
    if (!s->typed)
        s->typed = xcalloc(s->image->probes.n, sizeof(*s->typed));
    s->typed[p - s->image->probes.v] =
        (struct typed){ (enum bpf_attach_type)attach_type, btf_id, btf_fd };
}
