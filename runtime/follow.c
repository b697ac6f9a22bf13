/*
 * follow.c - --follow: the processes that count when the run begins
 *
 * From then on the programs on fork and exit keep the map (sema/follow.c). The process of -p may
 * have children already: they are looked for in /proc once those programs run, so that none can be
 * missed in between.
 */
#include "runtime/session_impl.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct process {
    uint32_t pid, parent;
    bool wanted;
};

static struct bpf_map *followed(const struct session *s)
{
    for (size_t i = 0; i < s->image->maps.n; i++) {
        if (str_eqz(s->image->maps.v[i].name, IMAGE_FOLLOWED))
            return s->maps[i];
    }
    return NULL;
}

static int add(struct bpf_map *map, uint32_t pid, struct err *e)
{
    uint64_t value = 1;

    if (bpf_map__key_size(map) != sizeof(pid) || bpf_map__value_size(map) > sizeof(value))
        return err_set(e, -EINVAL, "the image is damaged: its map of processes is none");
    if (bpf_map_update_elem(bpf_map__fd(map), &pid, &value, BPF_ANY))
        return err_set(e, -errno, "cannot follow process %u: %s", pid, strerror(errno));
    return 0;
}

/* The fourth field of /proc/PID/stat; the second is a name in parentheses, with anything in it. */
static uint32_t parent_of(uint32_t pid)
{
    char path[64], text[512] = "";
    const char *paren;
    unsigned parent;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    f = fopen(path, "re");
    if (!f)
        return 0;
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    paren = strrchr(text, ')');
    return paren && sscanf(paren + 1, " %*c %u", &parent) == 1 ? parent : 0;
}

/* Marks children of what is marked. false: there are no more. */
static bool mark_children(struct process *p, size_t n)
{
    bool found = false;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n && !p[i].wanted; j++) {
            if (p[j].wanted && p[j].pid == p[i].parent)
                found = p[i].wanted = true;
        }
    }
    return found;
}

int follow_first(struct session *s, struct err *e)
{
    uint32_t pid = s->child.pid ? (uint32_t)s->child.pid : s->config.opt.pid;
    struct bpf_map *map = followed(s);

    if (!map || !pid)
        return 0;
    if (s->ctl->ns_ino)
        return err_set(e, -ENOTSUP, "--follow works in the initial PID namespace only");
    return add(map, pid, e);
}

int follow_descendants(struct session *s, struct err *e)
{
    struct bpf_map *map = followed(s);
    DIR *dir = map && s->config.opt.pid ? opendir("/proc") : NULL;
    VEC(struct process) all = { 0 };
    struct dirent *entry;
    int rc = 0;

    if (!dir)
        return 0;
    while ((entry = readdir(dir))) {
        uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

        if (isdigit((unsigned char)entry->d_name[0]))
            vec_push(&all, (struct process){ pid, parent_of(pid), pid == s->config.opt.pid });
    }
    closedir(dir);
    while (mark_children(all.v, all.n))
        continue;
    for (size_t i = 0; i < all.n && !rc; i++) {
        if (all.v[i].wanted)
            rc = add(map, all.v[i].pid, e);
    }
    vec_free(&all);
    return rc;
}
