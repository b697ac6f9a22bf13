/*
 * dwarf_lines.c - source lines -> addresses and back; functions that were inlined
 *
 * A line has become code in as many places as its function was inlined or cloned, and in each it
 * may be torn into pieces. The first piece of each place is where a debugger would stop.
 */
#include "symbols/dwarf_impl.h"

#include <errno.h>
#include <string.h>

/* ---- line -> addresses ---- */

struct place {
    const void *function; /* the innermost at the address; NULL: none */
    uint64_t addr;
};

struct line_search {
    struct str file;
    uint32_t line, col;
    bool has_file;
    uint32_t next; /* the nearest line behind it that has code; 0: none */
    VEC(struct place) found;
};

/* "dir/file.c" is the end of "/src/dir/file.c", "le.c" is not. */
static bool is_end_of(struct str path, struct str end)
{
    return str_ends(path, end) &&
           (path.n == end.n || end.p[0] == '/' || path.p[path.n - end.n - 1] == '/');
}

static bool has_file(Dwarf_Die *unit, struct str wanted)
{
    Dwarf_Files *files;
    size_t n;

    if (dwarf_getsrcfiles(unit, &files, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (is_end_of(str_from(dwarf_filesrc(files, i, NULL, NULL)), wanted))
            return true;
    }
    return false;
}

static void add_place(struct line_search *search, Dwarf_Die *unit, uint64_t addr)
{
    Dwarf_Die chain[DWARF_DEPTH_MAX];
    size_t n = dwarf_chain_at(unit, addr, chain);
    const void *function = n ? chain[n - 1].addr : NULL;

    for (size_t i = 0; i < search->found.n; i++) {
        if (search->found.v[i].function == function) {
            search->found.v[i].addr = MIN(search->found.v[i].addr, addr);
            return;
        }
    }
    vec_push(&search->found, (struct place){ function, addr });
}

static void look_at_line(struct line_search *search, Dwarf_Die *unit, Dwarf_Line *line)
{
    int number = 0, col = 0;
    bool is_start = false, is_end = true;
    Dwarf_Addr addr;

    dwarf_lineno(line, &number);
    dwarf_linecol(line, &col);
    dwarf_linebeginstatement(line, &is_start);
    dwarf_lineendsequence(line, &is_end);
    if (!is_start || is_end || number < 0 || (uint32_t)number < search->line ||
        !is_end_of(str_from(dwarf_linesrc(line, NULL, NULL)), search->file) ||
        dwarf_lineaddr(line, &addr) || !addr)
        return;
    if ((uint32_t)number > search->line) {
        if (!search->next || (uint32_t)number < search->next)
            search->next = (uint32_t)number;
    } else if (!search->col || (uint32_t)col == search->col) {
        add_place(search, unit, addr);
    }
}

static void search_units(const struct dwarf_file *f, struct line_search *search)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Lines *lines;
    Dwarf_Die unit;
    size_t n;

    while (dwarf_get_units(f->dw, cu, &cu, NULL, NULL, &unit, NULL) == 0) {
        if (!has_file(&unit, search->file) || dwarf_getsrclines(&unit, &lines, &n))
            continue;
        search->has_file = true;
        for (size_t i = 0; i < n; i++)
            look_at_line(search, &unit, dwarf_onesrcline(lines, i));
    }
}

static int no_code(const struct line_search *search, const char *path, struct err *e)
{
    if (!search->has_file)
        return err_set(e, -ENOENT, "'%s' was made of no source file '%.*s'", path,
                       STRF(search->file));
    if (search->col)
        err_set(e, -ENOENT, "no code of '%s' begins at line %u, column %u of %.*s", path,
                search->line, search->col, STRF(search->file));
    else
        err_set(e, -ENOENT, "no code of '%s' comes from line %u of %.*s", path, search->line,
                STRF(search->file));
    if (search->next)
        err_hint(e, "the next line with code is %u", search->next);
    return -ENOENT;
}

static int by_addr(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return (x->addr > y->addr) - (x->addr < y->addr);
}

int symbols_each_line_addr(struct symbols *s, const char *path, struct str file, uint32_t line,
                           uint32_t col, symbols_addr_fn fn, void *arg, struct err *e)
{
    struct line_search search = { .file = file, .line = line, .col = col };
    struct dwarf_file *d;
    struct elf_file *f;
    int rc;

    f = elf_file_open(s, path, &rc, e);
    if (!f)
        return rc;
    d = dwarf_file_of(s, f);
    if (!d) {
        err_set(e, -ENODATA, "'%s' has no debug information (DWARF), so no source lines", path);
        err_hint(e, "build it with -g, or install its debug symbols");
        return -ENODATA;
    }
    search_units(d, &search);
    rc = search.found.n ? 0 : no_code(&search, path, e);
    if (search.found.n)
        qsort(search.found.v, search.found.n, sizeof(*search.found.v), by_addr);
    for (size_t i = 0; i < search.found.n && !rc; i++)
        rc = fn(arg, search.found.v[i].addr);
    vec_free(&search.found);
    return rc;
}

/* ---- address -> lines ---- */

static struct str function_name(struct symbols *s, Dwarf_Die *die)
{
    Dwarf_Attribute attr;
    const char *linkage = NULL, *name = dwarf_diename(die);

    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attr))
        linkage = dwarf_formstring(&attr);
    if (linkage)
        return s->demangle ? demangle(s, str_from(linkage)) : symbols_intern(s, str_from(linkage));
    return symbols_intern(s, str_from(name ? name : "?"));
}

/* Where an inlined function was called. */
static void caller_place(struct symbols *s, Dwarf_Die *unit, Dwarf_Die *inlined,
                         struct source_frame *out)
{
    uint64_t file, line = 0;
    Dwarf_Files *files;
    const char *path = NULL;
    size_t n;

    if (dwarf_number(inlined, DW_AT_call_file, &file) && dwarf_getsrcfiles(unit, &files, &n) == 0 &&
        file < n)
        path = dwarf_filesrc(files, file, NULL, NULL);
    dwarf_number(inlined, DW_AT_call_line, &line);
    out->file = line ? symbols_intern(s, str_from(path)) : STR("");
    out->line = (uint32_t)line;
}

static size_t read_frames(struct symbols *s, const struct dwarf_file *d, uint64_t addr,
                          const struct source_frame **out)
{
    struct source_frame frames[DWARF_DEPTH_MAX], place = { .inlined = STR("") };
    Dwarf_Die unit, chain[DWARF_DEPTH_MAX];
    Dwarf_Line *line;
    size_t n = 0;
    int number = 0;

    if (!dwarf_unit_at(d, addr, &unit) || !(line = dwarf_getsrc_die(&unit, addr)))
        return 0;
    dwarf_lineno(line, &number);
    place.file = STR("");
    if (number > 0) { /* code that comes from no line has 0 */
        place.file = symbols_intern(s, str_from(dwarf_linesrc(line, NULL, NULL)));
        place.line = (uint32_t)number;
    }
    for (size_t i = dwarf_chain_at(&unit, addr, chain); i > 1; i--) {
        place.inlined = function_name(s, &chain[i - 1]);
        frames[n++] = place;
        caller_place(s, &unit, &chain[i - 1], &place);
    }
    place.inlined = STR("");
    frames[n++] = place;
    *out = arena_memdup(&s->arena, frames, n * sizeof(*frames));
    return n;
}

size_t dwarf_frames_at(struct symbols *s, struct elf_file *f, uint64_t addr,
                       const struct source_frame **out)
{
    struct dwarf_file *d = dwarf_file_of(s, f);
    struct dwarf_frames *known;

    if (!d)
        return 0;
    known = map_get(&d->frames, (struct str){ (const char *)&addr, sizeof(addr) });
    if (!known) {
        known = ARENA_NEW(&s->arena, struct dwarf_frames);
        known->addr = addr;
        known->n = read_frames(s, d, addr, &known->v);
        map_set(&d->frames, (struct str){ (const char *)&known->addr, sizeof(known->addr) }, known);
    }
    *out = known->v;
    return known->n;
}
