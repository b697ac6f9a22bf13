/*
 * debugfile.c - symbols of programs that were stripped
 *
 * They may be in three places, tried in this order:
 *   1. a file named after the build id, /usr/lib/debug/.build-id/93/ac61….debug;
 *   2. a file named in .gnu_debuglink, beside the program, in .debug/ or below /usr/lib/debug; it
 *      has to have the same build id, or the checksum the link gives;
 *      (both first in the directories of --debuginfo, if there are any)
 *   3. .gnu_debugdata, a small ELF file compressed with xz inside the program (symbols only).
 * elfutils' libdwfl knows these places too, but it maps files and asks servers on the network, and
 * we may be in the middle of tracing.
 */
#include "symbols/symbols_impl.h"

#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LARGEST_ID = 64,
    LARGEST_DEBUGDATA = 256 << 20, /* unpacked */
    LZMA_MEMORY = 128 << 20,
    CHUNK = 1 << 16,
};

#define DEFAULT_DIRS ":.debug:/usr/lib/debug"

/* A section's bytes by name; NULL if it is not there. */
static Elf_Data *section_named(Elf *elf, const char *wanted)
{
    Elf_Scn *section = NULL;
    size_t names;

    if (elf_getshdrstrndx(elf, &names))
        return NULL;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        const char *name;

        if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
            continue;
        name = elf_strptr(elf, names, header.sh_name);
        if (name && strcmp(name, wanted) == 0)
            return elf_rawdata(section, NULL);
    }
    return NULL;
}

static bool find_id_in_notes(Elf_Data *notes, struct buf *id)
{
    GElf_Nhdr note;
    size_t at = 0, name, desc;

    while (notes && (at = gelf_getnote(notes, at, &note, &name, &desc)) > 0) {
        const char *bytes = notes->d_buf;

        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
            memcmp(bytes + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 && note.n_descsz > 1 &&
            note.n_descsz <= LARGEST_ID) {
            buf_add(id, bytes + desc, note.n_descsz);
            return true;
        }
    }
    return false;
}

/* From the sections, since in debug files the segments no longer fit; else from the segments. */
void debugfile_build_id(Elf *elf, struct buf *id)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    GElf_Phdr segment;
    size_t n;

    buf_clear(id);
    while ((section = elf_nextscn(elf, section))) {
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE &&
            find_id_in_notes(elf_getdata(section, NULL), id))
            return;
    }
    if (elf_getphdrnum(elf, &n))
        return;
    for (size_t i = 0; i < n; i++) {
        if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_NOTE &&
            find_id_in_notes(elf_getdata_rawchunk(elf, (int64_t)segment.p_offset, segment.p_filesz,
                                                  segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR),
                             id))
            return;
    }
}

static bool has_checksum(int fd, uint32_t wanted)
{
    const size_t size = CHUNK;
    uint8_t *chunk = xcalloc(1, size);
    uint32_t sum = 0;
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, chunk, size, at)) > 0) {
        sum = lzma_crc32(chunk, (size_t)n, sum);
        at += n;
    }
    free(chunk);
    return n == 0 && sum == wanted;
}

/* For whom debug files are searched, and who takes them. */
struct search {
    const struct symbols *s;
    const struct elf_file *f;
    debugfile_fn fn;
    void *arg;
};

/* Offers a debug file, if it belongs to the program. checksum NULL: only by build id. */
static bool offer(const struct search *q, const char *path, const uint32_t *checksum)
{
    const struct buf *wanted = &q->f->build_id;
    struct stat st;
    struct buf id = { 0 };
    bool fits = false;
    Elf *elf;
    int fd;

    deps_note(q->s->deps, path);
    fd = symbols_open_regular(path, &st);
    if (fd < 0)
        return false;
    elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf && elf_kind(elf) == ELF_K_ELF) {
        debugfile_build_id(elf, &id);
        fits = id.n && wanted->n ? str_eq(buf_as_str(&id), buf_as_str(wanted))
                                 : checksum && has_checksum(fd, *checksum);
        fits = fits && q->fn(q->arg, path, elf);
    }
    buf_free(&id);
    elf_end(elf);
    close(fd);
    return fits;
}

/* What .gnu_debuglink says: a file name, padded with NULs to four bytes, and a checksum. */
struct link {
    const char *name; /* NULL: there is none */
    uint32_t checksum;
};

static struct link read_link(Elf *elf)
{
    const Elf_Data *data = section_named(elf, ".gnu_debuglink");
    struct link link = { 0 };
    size_t n;

    if (!data || !data->d_buf || !(n = strnlen(data->d_buf, data->d_size)) ||
        ROUND_UP(n + 1, 4) + sizeof(link.checksum) > data->d_size || memchr(data->d_buf, '/', n))
        return link;
    link.name = data->d_buf;
    memcpy(&link.checksum, link.name + ROUND_UP(n + 1, 4), sizeof(link.checksum));
    return link;
}

static bool offer_by_build_id(const struct search *q, struct str dir)
{
    struct buf name = { 0 };
    char path[PATH_MAX];
    bool found;

    for (size_t i = 0; i < q->f->build_id.n; i++)
        buf_printf(&name, i == 1 ? "/%02x" : "%02x", (unsigned char)q->f->build_id.p[i]);
    found = name.n && symbols_path(q->s, path, "%.*s/.build-id/%s.debug", STRF(dir), name.p) &&
            offer(q, path, NULL);
    buf_free(&name);
    return found;
}

/* By the link, below a directory for debug files: where the program would be, or in it. */
static bool offer_below(const struct search *q, const struct link *link, struct str dir)
{
    const char *slash = strrchr(q->f->path, '/');
    size_t root = strlen(q->s->root), n = slash ? (size_t)(slash - q->f->path) : 0;
    char path[PATH_MAX];

    if (strncmp(q->f->path, q->s->root, root) != 0 || root > n)
        root = 0;
    return (symbols_path(q->s, path, "%.*s%.*s/%s", STRF(dir), (int)(n - root), q->f->path + root,
                         link->name) &&
            offer(q, path, &link->checksum)) ||
           (symbols_path(q->s, path, "%.*s/%s", STRF(dir), link->name) &&
            offer(q, path, &link->checksum));
}

/* By the link, in a directory beside the program; "": the program's own. */
static bool offer_beside(const struct search *q, const struct link *link, struct str dir)
{
    const char *slash = strrchr(q->f->path, '/');
    int n = slash ? (int)(slash - q->f->path) : 0;
    char path[PATH_MAX];

    return slash &&
           snprintf(path, sizeof(path), "%.*s/%.*s%s%s", n, q->f->path, STRF(dir), dir.n ? "/" : "",
                    link->name) < PATH_MAX &&
           offer(q, path, &link->checksum);
}

/* All directories of a list: first by build id, which cannot be mistaken. */
static bool offer_from_dirs(const struct search *q, const struct link *link, const char *dirs)
{
    for (int by_link = 0; by_link < (link->name ? 2 : 1); by_link++) {
        for (const char *p = dirs;; p++) {
            struct str dir = { p, strcspn(p, ":") };
            bool absolute = dir.n && *dir.p == '/';

            if (by_link ? (absolute ? offer_below(q, link, dir) : offer_beside(q, link, dir))
                        : absolute && offer_by_build_id(q, dir))
                return true;
            p += dir.n;
            if (!*p)
                break;
        }
    }
    return false;
}

bool debugfile_find(const struct symbols *s, const struct elf_file *f, Elf *elf, debugfile_fn fn,
                    void *arg)
{
    const struct search q = { s, f, fn, arg };
    struct link link = read_link(elf);

    return (s->debug_dirs && offer_from_dirs(&q, &link, s->debug_dirs)) ||
           offer_from_dirs(&q, &link, DEFAULT_DIRS);
}

/* false if it is no xz data, or unpacks to more than we are willing to keep. */
static bool unpack(const Elf_Data *packed, struct buf *out)
{
    const size_t size = CHUNK;
    lzma_stream stream = LZMA_STREAM_INIT;
    uint8_t *chunk;
    lzma_ret rc = lzma_stream_decoder(&stream, LZMA_MEMORY, 0);

    if (rc != LZMA_OK)
        return false;
    chunk = xcalloc(1, size);
    stream.next_in = packed->d_buf;
    stream.avail_in = packed->d_size;
    while (rc == LZMA_OK && out->n < LARGEST_DEBUGDATA) {
        stream.next_out = chunk;
        stream.avail_out = size;
        rc = lzma_code(&stream, LZMA_FINISH);
        buf_add(out, chunk, size - stream.avail_out);
    }
    lzma_end(&stream);
    free(chunk);
    return rc == LZMA_STREAM_END;
}

static void add_from_debugdata(struct elf_file *f, Elf *elf)
{
    const Elf_Data *packed = section_named(elf, ".gnu_debugdata");
    struct buf bytes = { 0 };
    Elf *inner;

    if (packed && packed->d_buf && unpack(packed, &bytes)) {
        inner = elf_memory(bytes.p, bytes.n);
        if (inner && elf_kind(inner) == ELF_K_ELF)
            elf_add_symbols(&f->symbols, inner);
        elf_end(inner);
    }
    buf_free(&bytes);
}

static bool add_symbols(void *arg, const char *path, Elf *elf)
{
    struct elf_file *f = arg;

    (void)path;
    return elf_add_symbols(&f->symbols, elf);
}

void debugfile_add_symbols(const struct symbols *s, struct elf_file *f, Elf *elf)
{
    if (!debugfile_find(s, f, elf, add_symbols, f))
        add_from_debugdata(f, elf);
}
