/*
 * load.c - the image's object becomes maps and programs in the kernel
 *
 * libbpf does the loading. What is ours: to choose the size of the event ring, to check that the
 * maps in the object are those the manifest speaks of, to map the global data that programs share
 * with us (struct image_ctl) and fill it in, and to say in one sentence what was refused.
 * RLIMIT_MEMLOCK is libbpf's business: it raises the limit where kernels (before 5.11) still care.
 */
#include "runtime/session_impl.h"

#include "probes/provider.h"
#include "runtime/bpf_log.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* Inode of the initial PID namespace: PROC_PID_INIT_INO in include/linux/proc_ns.h. */
static const ino_t initial_pid_ns = 0xeffffffc;

/* ---- the ring ---- */

enum {
    RING_MIN = 256 << 10,
    RING_MAX = 4 << 20, /* mapped twice, so it counts double in our memory */
    /* How many of the largest records the ring should hold. Making 4 MB takes a millisecond. */
    RING_RECORDS = 32 << 10,
    RECORD_HEADERS = 16, /* the kernel's and ours */
};

static uint64_t round_up_to_power_of_two(uint64_t n)
{
    uint64_t power = 1;

    while (power < n)
        power <<= 1;
    return power;
}

static uint64_t free_memory(void)
{
    struct sysinfo info;

    if (sysinfo(&info))
        return UINT64_MAX;
    return ((uint64_t)info.freeram + info.bufferram) * info.mem_unit;
}

static uint64_t largest_record(const struct image *image)
{
    uint64_t largest = 0;

    for (size_t i = 0; i < image->actions.n; i++) {
        const struct type *payload = image->actions.v[i].payload;

        if (payload && !image->actions.v[i].control)
            largest = MAX(largest, (uint64_t)payload->size + RECORD_HEADERS);
    }
    return largest;
}

uint64_t load_ring_size(const struct session *s)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t wanted = largest_record(s->image) * RING_RECORDS;
    uint64_t most = MIN((uint64_t)RING_MAX, free_memory());

    if (s->config.perf_rb_pages)
        wanted = MAX(s->config.perf_rb_pages, (uint64_t)s->n_cpus) * page;
    else
        wanted = MAX((uint64_t)RING_MIN, MIN(wanted, most));
    return MAX(round_up_to_power_of_two(wanted), page);
}

/* Unread bytes above which only control records are accepted. */
static uint64_t ring_limit(uint64_t size)
{
    uint64_t reserve = MIN(MAX(size / 16, 4096u), size / 2);

    return size - reserve;
}

/* ---- what the manifest and the object both know ---- */

static bool is_array(enum bpf_map_type type)
{
    return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_per_cpu(enum bpf_map_type type)
{
    return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
           type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* maps.c reads maps into memory by the sizes of the manifest. */
static bool map_fits(const struct image_map *m, const struct bpf_map *map)
{
    enum bpf_map_type type = bpf_map__type(map);

    if (m->role != MAP_USER && m->role != MAP_KEYS)
        return true;
    if ((uint32_t)type != m->bpf_type || m->per_cpu != is_per_cpu(type) ||
        bpf_map__key_size(map) != m->key_size || bpf_map__value_size(map) != m->value_size)
        return false;
    if (m->key || m->role == MAP_KEYS)
        return !is_array(type);
    return is_array(type) && m->key_size == 4 && bpf_map__max_entries(map) >= MAX(m->buckets, 1u);
}

static int find_maps(struct session *s, struct err *e)
{
    s->maps = xcalloc(s->image->maps.n, sizeof(*s->maps));
    for (size_t i = 0; i < s->image->maps.n; i++) {
        const struct image_map *m = &s->image->maps.v[i];

        s->maps[i] = bpf_object__find_map_by_name(s->object, m->elf_name.p);
        if (!s->maps[i])
            return err_set(e, -EINVAL, "the image is damaged: its object has no map %.*s",
                           STRF(m->elf_name));
        if (!map_fits(m, s->maps[i]))
            return err_set(e, -EINVAL, "the image is damaged: map %.*s is not what it should be",
                           STRF(m->elf_name));
        if (m->role == MAP_RING)
            bpf_map__set_max_entries(s->maps[i], (uint32_t)load_ring_size(s));
    }
    return 0;
}

static int find_programs(struct session *s, struct err *e)
{
    s->programs = xcalloc(s->image->probes.n, sizeof(struct bpf_program *));
    for (size_t i = 0; i < s->image->probes.n; i++) {
        const struct image_probe *p = &s->image->probes.v[i];

        s->programs[i] = bpf_object__find_program_by_name(s->object, p->fn.p);
        if (!s->programs[i])
            return err_set(e, -EINVAL, "the image is damaged: its object has no program %.*s",
                           STRF(p->fn));
        if (!provider_of_image(s->registry, p->provider))
            return err_set(e, -EINVAL, "there is no probe type '%.*s'", STRF(p->provider));
    }
    return 0;
}

static int prepare_programs(struct session *s, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; i < s->image->probes.n && !rc; i++) {
        const struct image_probe *p = &s->image->probes.v[i];
        const struct provider *provider = provider_of_image(s->registry, p->provider);

        if (provider->before_load)
            rc = provider->before_load(s, p, e);
    }
    return rc;
}

/* ---- refusals ---- */

/* A program as the user knows it: its first target, or the function's name. */
static struct str label_of(const struct session *s, struct str fn)
{
    for (size_t i = 0; i < s->image->probes.n; i++) {
        const struct image_probe *p = &s->image->probes.v[i];

        if (str_eq(p->fn, fn) && p->targets.n)
            return p->targets.v[0].label;
    }
    return fn;
}

static struct str map_name_of(const struct session *s, struct str elf_name)
{
    for (size_t i = 0; i < s->image->maps.n; i++) {
        if (str_eq(s->image->maps.v[i].elf_name, elf_name))
            return s->image->maps.v[i].name;
    }
    return elf_name;
}

/* Providers may know why a program of theirs is not taken. */
static void explain_program(const struct session *s, struct str fn, int rc, struct err *e)
{
    struct str helper = bpf_log_between(&s->log, "cannot use helper bpf_", "#");

    for (size_t i = 0; i < s->image->probes.n; i++) {
        const struct image_probe *p = &s->image->probes.v[i];
        const struct provider *provider = provider_of_image(s->registry, p->provider);

        if (str_eq(p->fn, fn) && p->targets.n && provider->explain)
            provider->explain(s->host, &p->targets.v[0], rc, e);
    }
    if (helper.n)
        err_hint(e, "the kernel allows bpf_%.*s only in some places, and not in this one",
                 STRF(helper));
}

/* What was refused is known from libbpf's messages only. */
static int explain(const struct session *s, int rc, struct err *e)
{
    struct str fn = bpf_log_between(&s->log, "prog '", "': BPF program load failed");
    struct str map = bpf_log_between(&s->log, "map '", "': failed to create");
    struct str first = bpf_log_first_line(&s->log);

    if (fn.n) {
        bpf_log_show_verifier(&s->log);
        err_set(e, rc, "the kernel refused the program of %.*s: %s", STRF(label_of(s, fn)),
                strerror(-rc));
        if (!s->config.opt.verbose)
            err_hint(e, "-v shows all the kernel has to say about its programs");
        explain_program(s, fn, rc, e);
    } else if (map.n) {
        err_set(e, rc, "can't create map %.*s: %s", STRF(map_name_of(s, map)), strerror(-rc));
    } else {
        err_set(e, rc, "can't load the programs into the kernel: %s", strerror(-rc));
        if (first.n)
            err_hint(e, "%.*s", STRF(first));
    }
    return rc;
}

/* ---- what -v says ---- */

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void show_program(const struct session *s, const struct bpf_program *program)
{
    struct bpf_prog_info info = { 0 };
    uint32_t size = sizeof(info);
    struct str stats = bpf_log_stats(&s->log, bpf_program__name(program));
    size_t n = bpf_program__insn_cnt(program);

    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
        info = (struct bpf_prog_info){ 0 };
    session_progress(s, "Program %s (%s): %zu instruction%s, %u bytes translated, %u compiled",
                     bpf_program__name(program), bpf_program__section_name(program), n, plural(n),
                     info.xlated_prog_len, info.jited_prog_len);
    if (stats.n)
        session_progress(s, "  %.*s", STRF(stats));
}

static void show_loaded(const struct session *s)
{
    size_t programs = s->image->probes.n, maps = s->image->maps.n;

    if (!s->config.opt.verbose)
        return;
    for (size_t i = 0; i < programs; i++)
        show_program(s, s->programs[i]);
    session_progress(s, "Loaded %zu program%s and %zu map%s", programs, plural(programs), maps,
                     plural(maps));
}

/* ---- global data ---- */

static size_t ctl_size(const struct image *image)
{
    return sizeof(struct image_ctl) + ROUND_UP(image->n_sets, sizeof(uint64_t)) +
           image->sites.n * sizeof(struct image_site_count);
}

/* Where a variable lies in its section, by the object's BTF. False if it is not there. */
static bool find_variable(const struct btf *btf, const char *section, const char *name,
                          size_t *offset)
{
    int id = btf ? btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC) : -1;
    const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
    const struct btf_var_secinfo *var = t ? btf_var_secinfos(t) : NULL;

    for (unsigned i = 0; t && i < btf_vlen(t); i++, var++) {
        const struct btf_type *v = btf__type_by_id(btf, var->type);

        if (strcmp(btf__name_by_offset(btf, v->name_off), name) != 0)
            continue;
        *offset = var->offset;
        return true;
    }
    return false;
}

static int map_data(struct session *s, struct err *e)
{
    struct bpf_map *map = bpf_object__find_map_by_name(s->object, ".bss");
    size_t page = (size_t)sysconf(_SC_PAGESIZE), offset, size;

    if (!map || !find_variable(bpf_object__btf(s->object), ".bss", IMAGE_CTL_SYMBOL, &offset))
        return err_set(e, -EINVAL, "the image is damaged: it has no " IMAGE_CTL_SYMBOL);
    size = bpf_map__value_size(map);
    if (offset > size || ctl_size(s->image) > size - offset || offset % 8)
        return err_set(e, -EINVAL, "the image is damaged: " IMAGE_CTL_SYMBOL " is too small");
    s->data_size = ROUND_UP(size, page);
    s->data = mmap(NULL, s->data_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
    if (s->data == MAP_FAILED) {
        s->data = NULL;
        return err_set(e, -errno, "can't map the programs' data: %s", strerror(errno));
    }
    s->ctl = (volatile struct image_ctl *)((char *)s->data + offset);
    return 0;
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec ts = { 0 };

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void fill_data(struct session *s)
{
    struct stat ns;

    s->ctl->pid = s->config.opt.pid;
    s->ctl->child_pid = (uint32_t)s->child.pid;
    s->ctl->n_cpus = s->n_cpus;
    s->ctl->tai_offset = now_ns(CLOCK_TAI) - now_ns(CLOCK_BOOTTIME);
    if (stat("/proc/self/ns/pid", &ns) == 0 && ns.st_ino != initial_pid_ns) {
        s->ctl->ns_dev = (uint64_t)major(ns.st_dev) << 20 | minor(ns.st_dev); /* as in the kernel */
        s->ctl->ns_ino = ns.st_ino;
    }
    for (size_t i = 0; i < s->image->maps.n; i++) {
        if (s->image->maps.v[i].role == MAP_RING)
            s->ctl->ring_limit = ring_limit(bpf_map__max_entries(s->maps[i]));
    }
}

/* Every probe may need a descriptor. Failing is fine: then attaching says so. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_object(struct session *s, struct err *e)
{
    /* With a log of our own libbpf fills it only if a program is refused. */
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "hark",
                .kernel_log_buf = s->log.verifier, .kernel_log_size = s->log.verifier_size,
                .kernel_log_level = s->log.verifier ? 0 : 1);

    s->object = bpf_object__open_mem(s->image->elf.p, s->image->elf.n, &opts);
    return s->object ? 0 : explain(s, -errno, e);
}

static int load_object(struct session *s, struct err *e)
{
    int rc = bpf_object__load(s->object);

    return rc ? explain(s, rc, e) : 0;
}

int load_open(struct session *s, struct err *e)
{
    int cpus = libbpf_num_possible_cpus(), rc;

    if (cpus <= 0)
        return err_set(e, cpus, "can't tell how many CPUs there are: %s", strerror(-cpus));
    s->n_cpus = (uint32_t)cpus;
    raise_descriptor_limit();
    bpf_log_open(&s->log, &s->config);
    if ((rc = typed_open(s, e)) || (rc = open_object(s, e)) || (rc = find_maps(s, e)) ||
        (rc = find_programs(s, e)) || (rc = prepare_programs(s, e)) || (rc = load_object(s, e)) ||
        (rc = map_data(s, e)))
        return rc;
    fill_data(s);
    show_loaded(s);
    return 0;
}

void load_close(struct session *s)
{
    if (s->data)
        munmap(s->data, s->data_size);
    bpf_object__close(s->object);
    typed_close(s);
    bpf_log_close(&s->log);
    free(s->programs);
    free(s->maps);
}

void load_set_gate(struct session *s, unsigned bits)
{
    s->ctl->gate = bits;
}

void load_set_start(struct session *s)
{
    s->ctl->start_ns = now_ns(CLOCK_BOOTTIME);
}

volatile uint8_t *load_set_byte(const struct session *s, int map_index)
{
    int i = s->image->maps.v[map_index].set_index;

    return i < 0 ? NULL : (volatile uint8_t *)(s->ctl + 1) + i;
}

const volatile struct image_site_count *load_site_counts(const struct session *s)
{
    return (const volatile struct image_site_count *)((const volatile char *)(s->ctl + 1) +
                                                      ROUND_UP(s->image->n_sets, sizeof(uint64_t)));
}
