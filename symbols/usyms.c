/*
 * usyms.c - an address of a process -> the name of a function
 *
 * What a process has mapped is read while it lives and kept when it has gone, because stacks are
 * often printed at the very end. Maps change: libraries are loaded, the process executes another
 * program, the pid is given to another process. Reading maps for each address would be too slow and
 * would hold up the traced process. So we look at /proc/PID/stat, which is cheap and has the times
 * and sizes that change in all these cases:
 *   - now and then, more often while the process is new to us;
 *   - when an address is in no mapping we know.
 *
 * A mapping we once saw stays until a newer one takes its place.
 */
#include "symbols/dwarf_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    LONGEST_UNCHECKED_MS = 1000,
    READ_AGAIN_MS = 100, /* for a missing address, although nothing seems to have changed */
    MOST_PROCS = 65536,  /* some 500 bytes each; then those not used for long are forgotten */
};

/* Code only; sorted, without overlaps. */
struct mappings {
    struct mapping *v;
    size_t n, cap;
};

struct proc {
    struct proc *next;
    uint32_t pid;
    struct proc_state {
        uint64_t start;                /* when it was started; 0: there is no such process */
        uint64_t code_start, code_end; /* change when another program is executed */
        uint64_t memory;               /* changes when something is mapped */
    } seen;
    uint64_t first_ms, checked_ms, maps_ms; /* seen first, looked at last, maps read last */
    uint64_t used;                          /* procs.clock at the last use */
    struct mappings maps;
    struct jit jit;
};

/* The fields are counted behind the command, which may contain anything: "12 (a) b) R 1 …". */
static struct proc_state read_state(const struct symbols *s, uint32_t pid)
{
    struct proc_state state = { 0 };
    struct buf text = { 0 };
    char path[PATH_MAX];
    const char *p;

    if (symbols_path(s, path, "/proc/%u/stat", pid) && symbols_read_file(path, 4096, &text) &&
        text.n && (p = strrchr(text.p, ')'))) {
        int n = sscanf(p + 1,
                       " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
                       " %*s %" SCNu64 " %" SCNu64 " %*s %*s %" SCNu64 " %" SCNu64,
                       &state.start, &state.memory, &state.code_start, &state.code_end);

        if (n != 4)
            state = (struct proc_state){ 0 };
    }
    buf_free(&text);
    return state;
}

static void proc_free(struct proc *p)
{
    vec_free(&p->maps);
    symtab_free(&p->jit.symbols);
    free(p);
}

void usyms_free(struct symbols *s)
{
    while (s->procs.first) {
        struct proc *next = s->procs.first->next;

        proc_free(s->procs.first);
        s->procs.first = next;
    }
    map_free(&s->procs.by_pid);
}

static int by_start(const void *a, const void *b)
{
    const struct mapping *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

/* The first mapping that ends behind addr; maps->n if there is none. */
static size_t first_ending_behind(const struct mappings *maps, uint64_t addr)
{
    size_t from = 0, to = maps->n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (maps->v[middle].end <= addr)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static const struct mapping *find_mapping(const struct mappings *maps, uint64_t addr)
{
    size_t i = first_ending_behind(maps, addr);

    return i < maps->n && maps->v[i].start <= addr ? &maps->v[i] : NULL;
}

/* old is what was mapped there before, so that known files are not searched again. */
static struct elf_file *file_of(struct symbols *s, uint32_t pid, const struct maps_line *line,
                                const struct mapping *old)
{
    if (str_eq(line->path, STR("[vdso]")))
        return line->start > UINT32_MAX ? elf_vdso(s) : NULL;
    if (old && old->start == line->start && old->end == line->end && old->offset == line->offset &&
        str_eq(old->path, line->path))
        return old->file;
    return maps_file(s, pid, line);
}

/* Takes over the old mappings that are in nobody's way. */
static void add_old(struct mappings *maps, const struct mappings *old)
{
    const size_t n_new = maps->n;

    for (size_t i = 0; i < old->n; i++) {
        const struct mappings new = { maps->v, n_new, n_new };
        size_t at = first_ending_behind(&new, old->v[i].start);

        if (!new.v || at == n_new || new.v[at].start >= old->v[i].end)
            vec_push(maps, old->v[i]);
    }
    if (maps->n > n_new)
        qsort(maps->v, maps->n, sizeof(*maps->v), by_start);
}

static void read_maps(struct symbols *s, struct proc *p, bool same_program)
{
    struct mappings old = p->maps;
    struct buf text = { 0 };
    struct maps_line line;

    if (maps_read(s, p->pid, &text)) {
        struct str rest = buf_as_str(&text);

        p->maps = (struct mappings){ 0 };
        while (maps_next(&rest, &line)) {
            if (!line.exec)
                continue;
            vec_push(&p->maps,
                     (struct mapping){
                         .start = line.start,
                         .end = line.end,
                         .offset = line.offset,
                         .path = symbols_intern(s, line.path),
                         .file = file_of(s, p->pid, &line,
                                         same_program ? find_mapping(&old, line.start) : NULL) });
        }
        add_old(&p->maps, &old);
        vec_free(&old);
    }
    p->maps_ms = symbols_now_ms();
    buf_free(&text);
}

/* Forgets half of the processes, those not asked for lately. */
static void forget_some(struct procs *procs)
{
    uint64_t oldest = procs->clock - MOST_PROCS / 2;
    struct proc **at = &procs->first;

    map_free(&procs->by_pid);
    procs->n = 0;
    while (*at) {
        struct proc *p = *at;

        if (p->used < oldest) {
            *at = p->next;
            proc_free(p);
            continue;
        }
        map_set(&procs->by_pid, (struct str){ (const char *)&p->pid, sizeof(p->pid) }, p);
        procs->n++;
        at = &p->next;
    }
}

static struct proc *proc_new(struct symbols *s, uint32_t pid)
{
    struct procs *procs = &s->procs;
    struct proc *p = xcalloc(1, sizeof(*p));

    if (procs->n >= MOST_PROCS)
        forget_some(procs);
    p->pid = pid;
    p->next = procs->first;
    procs->first = p;
    procs->n++;
    procs->clock++;
    map_set(&procs->by_pid, (struct str){ (const char *)&p->pid, sizeof(p->pid) }, p);
    return p;
}

/* Another process has got the pid: nothing we know is about it. */
static void start_over(struct proc *p, uint64_t now)
{
    vec_free(&p->maps);
    symtab_free(&p->jit.symbols);
    p->jit = (struct jit){ 0 };
    p->first_ms = now;
}

/* Reads the maps if they changed, or (for an address we miss) if that was long ago. */
static void look_again(struct symbols *s, struct proc *p, uint64_t now, bool missing)
{
    struct proc_state state = read_state(s, p->pid);
    struct proc_state seen = p->seen;

    p->checked_ms = now;
    if (!state.start)
        return;
    p->seen = state;
    if (seen.start && seen.start != state.start)
        start_over(p, now);
    if (memcmp(&seen, &state, sizeof(seen)) != 0 || (missing && now - p->maps_ms >= READ_AGAIN_MS))
        read_maps(s, p, seen.code_start == state.code_start && seen.code_end == state.code_end);
}

static struct proc *proc_get(struct symbols *s, uint32_t pid)
{
    uint64_t now = symbols_now_ms();
    struct proc *p = map_get(&s->procs.by_pid, (struct str){ (const char *)&pid, sizeof(pid) });

    if (!p) {
        p = proc_new(s, pid);
        p->first_ms = p->checked_ms = now;
        p->seen = read_state(s, pid);
        read_maps(s, p, false);
    } else if (now - p->checked_ms >= MIN(1 + (now - p->first_ms) / 2, LONGEST_UNCHECKED_MS)) {
        look_again(s, p, now, false);
    }
    p->used = s->procs.clock;
    return p;
}

void symbols_user_remember(struct symbols *s, uint32_t pid)
{
    proc_get(s, pid);
}

void symbols_user_saw(struct symbols *s, uint32_t pid, uint64_t addr, struct str path,
                      uint64_t offset)
{
    struct proc *p = proc_get(s, pid);
    struct elf_file *f;

    if (p->maps.n)
        return;
    path = symbols_intern(s, path);
    f = elf_file_at(s, path.p);
    if (!f)
        return;
    elf_file_read_headers(f);
    for (size_t i = 0; i < f->segments.n; i++) {
        const struct elf_segment *seg = &f->segments.v[i];

        if (seg->exec && offset - seg->offset < seg->file_size) {
            uint64_t start = addr - (offset - seg->offset);

            vec_push(&p->maps, (struct mapping){ .start = start,
                                                 .end = start + seg->file_size,
                                                 .offset = seg->offset,
                                                 .path = path,
                                                 .file = f });
            return;
        }
    }
}

bool symbols_user(struct symbols *s, uint32_t pid, uint64_t addr, struct sym *out)
{
    struct proc *p = proc_get(s, pid);
    const struct mapping *m = find_mapping(&p->maps, addr);

    *out = (struct sym){ .name = STR(""), .module = STR("") };
    if (!m) {
        look_again(s, p, symbols_now_ms(), true);
        m = find_mapping(&p->maps, addr);
    }
    if (!m)
        return false;
    out->module = m->path;
    if (m->file && elf_file_name_at(s, m->file, addr - m->start + m->offset, out))
        return true;
    return (!m->file || !m->file->is_elf) && jit_name(s, &p->jit, pid, addr, out);
}

size_t symbols_user_source(struct symbols *s, uint32_t pid, uint64_t addr, bool is_return,
                           const struct source_frame **frames)
{
    const struct proc *p = proc_get(s, pid);
    const struct mapping *m = find_mapping(&p->maps, addr);
    const struct elf_segment *seg;
    uint64_t offset;

    if (!m || !m->file)
        return 0;
    offset = addr - m->start + m->offset;
    elf_file_read_headers(m->file);
    seg = elf_segment_at_offset(m->file, offset);
    if (!seg)
        return 0;
    return dwarf_frames_at(s, m->file, offset - seg->offset + seg->addr - is_return, frames);
}
