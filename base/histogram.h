/*
 * base/histogram.h - how long things took, in fixed steps.
 *
 * The steps are those of Prometheus' clients with more room at the top,
 * because a job may run for minutes.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include "base/base.h"

#define HISTOGRAM_STEPS 16

/* Upper bounds in microseconds, rising; what is above the last counts only in `count`. */
extern const uint64_t histogram_bound_us[HISTOGRAM_STEPS];

struct histogram {
	uint64_t at_most[HISTOGRAM_STEPS]; /* not cumulated */
	uint64_t count;
	uint64_t sum_us;
};

void histogram_add(struct histogram *histogram, uint64_t us);

#endif
