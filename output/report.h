/*
 * report.h - results of tests and benchmarks as text; private to output/
 */
#ifndef HARK_OUTPUT_REPORT_H
#define HARK_OUTPUT_REPORT_H

#include "output/out.h"

void report_tests(struct out *, const struct out_test *, size_t n);
void report_benches(struct out *, const struct out_bench *, size_t n);

#endif
