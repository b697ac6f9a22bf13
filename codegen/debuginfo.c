/*
 * debuginfo.c - what the kernel and its tools are told about a program
 *
 * LLVM turns debug information into BTF: the definitions of maps (libbpf reads them from the types
 * of the globals in ".maps"), the names of functions and their parameters, and for each instruction
 * the line of the script it comes from. The verifier quotes these lines when it refuses a program.
 *
 * The text of a script may exist nowhere as a file, and LLVM's C API cannot attach a text to a
 * DIFile. But it can parse IR, so a module begins as a few lines of IR text with one DIFile a
 * source.
 *
 * libbpf wants numbers as array sizes: "max_entries = 10" is written as a member that points to an
 * array of ten ints.
 */
#include "codegen/codegen_impl.h"

#include <llvm-c/IRReader.h>

#include <string.h>

#define DW_ATE_boolean     2
#define DW_ATE_signed      5
#define DW_ATE_unsigned    7
#define DW_ATE_signed_char 6

/* DICompileUnit::DebugDirectivesOnly: BTF, but no DWARF that nobody reads. The C API has no name.
 */
#define EMIT_DIRECTIVES_ONLY ((LLVMDWARFEmissionKind)3)

/* ---- sources ---- */

static void add_escaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
            buf_putc(b, (char)c);
        else
            buf_printf(b, "\\%02X", c);
    }
}

LLVMModuleRef debug_module(LLVMContextRef context, const struct sources *sources, char **message)
{
    LLVMMemoryBufferRef memory;
    LLVMModuleRef module;
    struct buf b = { 0 };

    for (size_t i = 0; i < sources->all.n; i++) {
        const struct source *s = sources->all.v[i];

        buf_printf(&b, "!%zu = !DIFile(filename: \"", i);
        add_escaped(&b, s->name);
        buf_puts(&b, "\", directory: \"\", source: \"");
        add_escaped(&b, s->text);
        buf_puts(&b, "\")\n");
    }
    if (sources->all.n == 0)
        buf_puts(&b, "!0 = !DIFile(filename: \"\", directory: \"\")\n");
    buf_puts(&b, "!hark.files = !{!0");
    for (size_t i = 1; i < sources->all.n; i++)
        buf_printf(&b, ", !%zu", i);
    buf_puts(&b, "}\n");
    memory = LLVMCreateMemoryBufferWithMemoryRangeCopy(b.p, b.n, "hark");
    buf_free(&b);
    return LLVMParseIRInContext(context, memory, &module, message) ? NULL : module;
}

static void open_sources(struct cg *cg)
{
    const struct sources *sources = cg->in->sources;
    unsigned n = LLVMGetNamedMetadataNumOperands(cg->module, "hark.files");
    LLVMValueRef *files = ARENA_ARRAY(&cg->arena, LLVMValueRef, n + 1);

    LLVMGetNamedMetadataOperands(cg->module, "hark.files", files);
    for (unsigned i = 0; i < n; i++) {
        struct cg_lines lines = { .file = LLVMValueAsMetadata(files[i]) };

        lines.source = i < sources->all.n ? sources->all.v[i] : NULL;
        arena_vec_push(&cg->arena, &cg->lines, lines);
    }
}

/* The first source for what has no place. */
static const struct cg_lines *lines_of(struct cg *cg, struct span at)
{
    const struct source *source = span_is_none(at) ? NULL : source_of(cg->in->sources, at);

    for (size_t i = 0; i < cg->lines.n; i++) {
        if (cg->lines.v[i].source == source)
            return &cg->lines.v[i];
    }
    return &cg->lines.v[0];
}

static void locate(const struct cg_lines *lines, struct span at, unsigned *line, unsigned *col)
{
    const struct source *s = lines->source;
    uint32_t offset = span_is_none(at) || !s ? 0 : at.begin - s->base;
    size_t index = s ? source_line(s, offset) : 0;

    *line = (unsigned)index + 1;
    *col = offset - (s ? s->lines.v[index] : 0) + 1;
}

void debug_at(struct cg *cg, struct span at)
{
    LLVMMetadataRef scope = cg->frame->scope;
    const struct cg_lines *lines;
    unsigned line, col;

    if (span_is_none(at))
        return;
    cg->at = at;
    lines = lines_of(cg, at);
    locate(lines, at, &line, &col);
    if (LLVMDIScopeGetFile(scope) != lines->file)
        scope = LLVMDIBuilderCreateLexicalBlockFile(cg->di, scope, lines->file, 0);
    LLVMSetCurrentDebugLocation2(
        cg->b, LLVMDIBuilderCreateDebugLocation(cg->context, line, col, scope, NULL));
}

/* ---- functions ---- */

LLVMMetadataRef debug_function(struct cg *cg, LLVMValueRef fn, struct str name, struct span at,
                               const char *const *params, unsigned n_params, bool local)
{
    LLVMMetadataRef *types = ARENA_ARRAY(&cg->arena, LLVMMetadataRef, n_params + 1);
    const struct cg_lines *lines = lines_of(cg, at);
    LLVMMetadataRef type, scope;
    unsigned line, col;

    locate(lines, at, &line, &col);
    types[0] = local ? cg->di_long : cg->di_int;
    for (unsigned i = 0; i < n_params; i++)
        types[i + 1] = params[i][0] == '*' ? cg->di_void_ptr : cg->di_long;
    type = LLVMDIBuilderCreateSubroutineType(cg->di, lines->file, types, n_params + 1, 0);
    scope = LLVMDIBuilderCreateFunction(cg->di, lines->file, name.p, name.n, "", 0, lines->file,
                                        line, type, local, true, line, 0, true);
    /* The kernel refuses the BTF of functions whose parameters have no names. */
    for (unsigned i = 0; i < n_params; i++) {
        const char *param = params[i] + (params[i][0] == '*');

        LLVMDIBuilderCreateParameterVariable(cg->di, scope, param, strlen(param), i + 1,
                                             lines->file, line, types[i + 1], true, 0);
    }
    LLVMSetSubprogram(fn, scope);
    return scope;
}

/* ---- types of keys and values ---- */

static LLVMMetadataRef di_array(struct cg *cg, LLVMMetadataRef elem, uint64_t elem_size, uint64_t n)
{
    LLVMMetadataRef range = LLVMDIBuilderGetOrCreateSubrange(cg->di, 0, (int64_t)n);

    return LLVMDIBuilderCreateArrayType(cg->di, elem_size * n * 8, 8, elem, &range, 1);
}

static LLVMMetadataRef di_basic(struct cg *cg, const char *name, uint32_t size, unsigned encoding)
{
    return LLVMDIBuilderCreateBasicType(cg->di, name, strlen(name), (uint64_t)size * 8, encoding,
                                        0);
}

static LLVMMetadataRef di_integer(struct cg *cg, uint32_t size, bool is_signed)
{
    const char *name = arena_printf(&cg->arena, "%sint%u", is_signed ? "" : "u", size * 8);

    return di_basic(cg, name, size, is_signed ? DW_ATE_signed : DW_ATE_unsigned);
}

static LLVMMetadataRef di_raw(struct cg *cg, uint32_t size)
{
    return di_array(cg, di_integer(cg, 1, false), 1, size);
}

static LLVMMetadataRef di_member(struct cg *cg, const char *name, LLVMMetadataRef type,
                                 uint64_t size, uint64_t offset)
{
    LLVMMetadataRef file = cg->lines.v[0].file;

    return LLVMDIBuilderCreateMemberType(cg->di, file, name, strlen(name), file, 0, size * 8, 8,
                                         offset * 8, 0, type);
}

static LLVMMetadataRef di_struct(struct cg *cg, LLVMMetadataRef *members, unsigned n, uint64_t size)
{
    LLVMMetadataRef file = cg->lines.v[0].file;

    return LLVMDIBuilderCreateStructType(cg->di, file, "", 0, file, 0, size * 8, 64, 0, NULL,
                                         members, n, 0, NULL, "", 0);
}

static LLVMMetadataRef di_type(struct cg *cg, const struct type *type);

static LLVMMetadataRef di_tuple(struct cg *cg, const struct type *type)
{
    LLVMMetadataRef *members;
    const struct field *f;
    size_t n;

    f = type_fields(cg_types(cg), type, &n);
    members = ARENA_ARRAY(&cg->arena, LLVMMetadataRef, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *name =
            f[i].name.n ? str_dup(&cg->arena, f[i].name).p : arena_printf(&cg->arena, "_%zu", i);

        members[i] = di_member(cg, name, di_type(cg, f[i].type), f[i].type->size, f[i].offset);
    }
    return di_struct(cg, members, (unsigned)n, type->size);
}

static LLVMMetadataRef di_type(struct cg *cg, const struct type *type)
{
    switch (type->kind) {
    case TYPE_BOOL:
        return di_basic(cg, "bool", 1, DW_ATE_boolean);
    case TYPE_INT:
    case TYPE_ENUM:
        return di_integer(cg, type->size, type->is_signed);
    case TYPE_PTR:
        return cg->di_void_ptr;
    case TYPE_STRING:
        return di_array(cg, di_basic(cg, "char", 1, DW_ATE_signed_char), 1, type->size);
    case TYPE_ARRAY:
        return di_array(cg, di_type(cg, type->elem), type->elem->size, type->count);
    case TYPE_TUPLE:
    case TYPE_RECORD:
        return di_tuple(cg, type);
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_BUFFER:
    case TYPE_STRUCT:
    case TYPE_FUNC:
    case TYPE_OPAQUE:
        break;
    }
    return di_raw(cg, type->size);
}

/* ---- maps ---- */

struct members {
    LLVMMetadataRef v[4];
    unsigned n;
};

static void add_pointer(struct cg *cg, struct members *m, const char *name, LLVMMetadataRef to)
{
    LLVMMetadataRef type = LLVMDIBuilderCreatePointerType(cg->di, to, 64, 0, 0, "", 0);

    m->v[m->n] = di_member(cg, name, type, 8, (uint64_t)m->n * 8);
    m->n++;
}

static void add_number(struct cg *cg, struct members *m, const char *name, uint32_t value)
{
    add_pointer(cg, m, name, di_array(cg, cg->di_int, 4, value));
}

static LLVMMetadataRef key_type(struct cg *cg, const struct image_map *map)
{
    uint32_t size = map->key ? ROUND_UP(map->key->size, 8) : 0;
    LLVMMetadataRef members[2];

    if (!map->key || map->keys_map)
        return map->key_size == 4 ? di_integer(cg, 4, false) : di_raw(cg, map->key_size);
    if (!map->buckets)
        return map->key->size == map->key_size ? di_type(cg, map->key) : di_raw(cg, map->key_size);
    members[0] = di_member(cg, "key", di_type(cg, map->key), map->key->size, 0);
    members[1] = di_member(cg, "bucket", di_integer(cg, 8, false), 8, size);
    return di_struct(cg, members, 2, size + 8);
}

static LLVMMetadataRef value_type(struct cg *cg, const struct image_map *map)
{
    if (!map->value || map->value->size != map->value_size || map->buckets)
        return map->value_size == 8 ? di_integer(cg, 8, false) : di_raw(cg, map->value_size);
    return di_type(cg, map->value);
}

static void debug_global(struct cg *cg, LLVMValueRef global, struct str name, LLVMMetadataRef type)
{
    LLVMMetadataRef file = cg->lines.v[0].file;
    LLVMMetadataRef none = LLVMDIBuilderCreateExpression(cg->di, NULL, 0);
    LLVMMetadataRef var = LLVMDIBuilderCreateGlobalVariableExpression(
        cg->di, cg->di_unit, name.p, name.n, "", 0, file, 0, type, false, none, NULL, 0);

    LLVMGlobalSetMetadata(global, LLVMGetMDKindIDInContext(cg->context, "dbg", 3), var);
}

void debug_map(struct cg *cg, const struct image_map *map, LLVMValueRef global,
               uint32_t max_entries)
{
    struct members m = { .n = 0 };

    add_number(cg, &m, "type", map->bpf_type);
    add_number(cg, &m, "max_entries", max_entries);
    if (map->role != MAP_RING) {
        add_pointer(cg, &m, "key", key_type(cg, map));
        add_pointer(cg, &m, "value", value_type(cg, map));
    }
    debug_global(cg, global, map->elf_name, di_struct(cg, m.v, m.n, (uint64_t)m.n * 8));
}

void debug_bytes(struct cg *cg, LLVMValueRef global, const char *name, uint32_t size)
{
    debug_global(cg, global, str_from(name), di_raw(cg, size));
}

/* ---- the whole ---- */

static void add_flag(struct cg *cg, const char *name, unsigned value)
{
    LLVMAddModuleFlag(cg->module, LLVMModuleFlagBehaviorWarning, name, strlen(name),
                      LLVMValueAsMetadata(LLVMConstInt(cg->i32, value, false)));
}

void debug_open(struct cg *cg)
{
    open_sources(cg);
    add_flag(cg, "Debug Info Version", LLVMDebugMetadataVersion());
    add_flag(cg, "Dwarf Version",
             4); /* 5 would have tables of names, which need the DWARF we leave out */
    cg->di = LLVMCreateDIBuilder(cg->module);
    cg->di_unit = LLVMDIBuilderCreateCompileUnit(
        cg->di, LLVMDWARFSourceLanguageC99, cg->lines.v[0].file, "hark", 4, true, "", 0, 0, "", 0,
        EMIT_DIRECTIVES_ONLY, 0, false, false, "", 0, "", 0);
    cg->di_int = di_basic(cg, "int", 4, DW_ATE_signed);
    cg->di_long = di_basic(cg, "long", 8, DW_ATE_signed);
    cg->di_void_ptr = LLVMDIBuilderCreatePointerType(cg->di, NULL, 64, 0, 0, "", 0);
}

void debug_close(struct cg *cg)
{
    LLVMDIBuilderFinalize(cg->di);
}
