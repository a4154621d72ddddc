#include "base/histogram.h"

const uint64_t histogram_bound_us[HISTOGRAM_STEPS] = {
	500,
	1000,
	2500,
	5000,
	10000,
	25000,
	50000,
	100000,
	250000,
	500000,
	1000000,
	2500000,
	10000000,
	30000000,
	120000000,
	600000000,
};

void histogram_add(struct histogram *histogram, uint64_t us)
{
	histogram->count++;
	histogram->sum_us += us;
	for (int i = 0; i < HISTOGRAM_STEPS; i++) {
		if (us <= histogram_bound_us[i]) {
			histogram->at_most[i]++;
			return;
		}
	}
}
