/*
 * map_read.h - the entries of a BPF map, all of them
 */
#ifndef HARK_RUNTIME_MAP_READ_H
#define HARK_RUNTIME_MAP_READ_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_map;

/* value: per-CPU maps have one copy a CPU, each rounded up to 8 bytes. Non-zero ends the reading.
 */
typedef int (*map_entry_fn)(void *arg, const void *key, const void *value);

/* Bytes of an entry's value as user space gets it. */
uint64_t map_read_stride(const struct bpf_map *, uint32_t n_cpus);
/*
 * Calls fn for every entry of a hash map, in the map's order; remove: and deletes it. Entries that
 * come or go meanwhile may or may not be among them. 0, -errno, or what fn returned.
 */
int map_read_all(const struct bpf_map *, uint32_t n_cpus, bool remove, map_entry_fn, void *arg);

#endif
