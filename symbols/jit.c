/*
 * jit.c - names of code made at run time
 *
 * Compilers such as those of Java and JavaScript write lines "START SIZE name" (hexadecimal) to
 * /tmp/perf-PID.map, if asked to, with the PID they see themselves. The file grows, so it is read
 * again when an address is not found and the file has changed.
 */
#include "symbols/symbols_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CHECK_EVERY_MS = 100, LARGEST_MAP = 256 << 20 };

/* The last number of "NSpid:\t4711\t12": the pid in the innermost namespace. */
static uint32_t pid_seen_inside(const struct symbols *s, uint32_t pid)
{
    struct buf status = { 0 };
    char path[PATH_MAX];
    uint32_t inside = pid;

    if (symbols_path(s, path, "/proc/%u/status", pid) &&
        symbols_read_file(path, 1 << 16, &status)) {
        const char *line = status.n ? strstr(status.p, "\nNSpid:") : NULL;
        int used;

        for (line = line ? line + strlen("\nNSpid:") : "";
             sscanf(line, "%*[\t]%" SCNu32 "%n", &inside, &used) == 1; line += used)
            ;
    }
    buf_free(&status);
    return inside;
}

static void parse(struct str text, struct symtab *t)
{
    symtab_free(t);
    while (text.n) {
        ptrdiff_t newline = str_find(text, '\n');
        struct str line = str_sub(text, 0, newline < 0 ? text.n : (size_t)newline);
        struct symtab_entry e = { .kind = SYMTAB_FUNC };
        char head[64] = "";
        int name = 0;

        memcpy(head, line.p, MIN(line.n, sizeof(head) - 1));
        if (sscanf(head, "%" SCNx64 " %" SCNx64 " %n", &e.addr, &e.size, &name) == 2 && name)
            symtab_add(t, e, str_trim(str_sub(line, (size_t)name, line.n)));
        text = str_sub(text, line.n + 1, text.n);
    }
    symtab_sort(t);
}

static void read_again(const struct symbols *s, struct jit *jit, uint32_t pid)
{
    uint32_t inside = pid_seen_inside(s, pid);
    struct buf text = { 0 };
    struct elf_key key;
    char path[PATH_MAX];

    if (!symbols_path(s, path, "/proc/%u/root/tmp/perf-%u.map", pid, inside))
        return;
    if (!elf_key_of(path, &key)) {
        if (!symbols_path(s, path, "/tmp/perf-%u.map", inside) || !elf_key_of(path, &key))
            return;
    }
    if (memcmp(&key, &jit->key, sizeof(key)) == 0)
        return;
    jit->key = key;
    if (symbols_read_file(path, LARGEST_MAP, &text))
        parse(buf_as_str(&text), &jit->symbols);
    buf_free(&text);
}

bool jit_name(struct symbols *s, struct jit *jit, uint32_t pid, uint64_t addr, struct sym *out)
{
    const struct symtab_entry *e = symtab_find(&jit->symbols, addr, 0);
    uint64_t now = symbols_now_ms();

    if (!e && now - jit->checked_ms >= CHECK_EVERY_MS) {
        jit->checked_ms = now;
        read_again(s, jit, pid);
        e = symtab_find(&jit->symbols, addr, 0);
    }
    if (!e)
        return false;
    out->name = symbols_intern(s, symtab_name(&jit->symbols, e)); /* the table may be read anew */
    out->offset = addr - e->addr;
    return true;
}
