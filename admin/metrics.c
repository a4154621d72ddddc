#include "admin/metrics.h"

#include "base/histogram.h"

#include <stdio.h>

#define BOUND_TEXT 24

static const char *type_name(enum metric_kind kind)
{
	switch (kind) {
	case METRIC_COUNTER_U64:
		return "counter";
	case METRIC_HISTOGRAM:
		return "histogram";
	default:
		return "gauge";
	}
}

void metrics_family(struct text *text, const char *name, const char *type, const char *help)
{
	text_puts(text, "# HELP ");
	text_puts(text, name);
	text_puts(text, " ");
	text_puts(text, help);
	text_puts(text, "\n# TYPE ");
	text_puts(text, name);
	text_puts(text, " ");
	text_puts(text, type);
	text_puts(text, "\n");
}

/* `suffix` may be "". */
static void put_name(struct text *text, struct slice name, struct slice suffix, struct slice labels,
	struct slice label)
{
	text_put(text, name.p, name.n);
	text_put(text, suffix.p, suffix.n);
	if (labels.n + label.n != 0) {
		text_put(text, "{", 1);
		text_put(text, labels.p, labels.n);
		if (labels.n != 0 && label.n != 0)
			text_put(text, ",", 1);
		text_put(text, label.p, label.n);
		text_put(text, "}", 1);
	}
	text_put(text, " ", 1);
}

static struct slice slice_or_empty(const char *s)
{
	return s == NULL ? (struct slice){"", 0} : slice_of(s);
}

void metrics_sample(
	struct text *text, const char *name, struct slice labels, const char *label, uint64_t value)
{
	put_name(text, slice_of(name), SLICE(""), labels, slice_or_empty(label));
	text_u64(text, value);
	text_put(text, "\n", 1);
}

/* le="0.0005" and so on, and le="+Inf". They are the same on every page. */
static const struct slice *bound_labels(void)
{
	static char texts[HISTOGRAM_STEPS][BOUND_TEXT];
	static struct slice labels[HISTOGRAM_STEPS + 1];
	if (labels[0].n != 0)
		return labels;
	for (size_t i = 0; i < HISTOGRAM_STEPS; i++) {
		double seconds = (double)histogram_bound_us[i] / 1e6;
		int n = snprintf(texts[i], BOUND_TEXT, "le=\"%g\"", seconds);
		labels[i] = (struct slice){texts[i], (size_t)n};
	}
	labels[HISTOGRAM_STEPS] = SLICE("le=\"+Inf\"");
	return labels;
}

static void put_histogram(struct text *text, struct slice name, struct slice labels,
	const struct histogram *histogram)
{
	const struct slice *bounds = bound_labels();
	uint64_t sum = 0;
	for (size_t i = 0; i <= HISTOGRAM_STEPS; i++) {
		sum = i < HISTOGRAM_STEPS ? sum + histogram->at_most[i] : histogram->count;
		put_name(text, name, SLICE("_bucket"), labels, bounds[i]);
		text_u64(text, sum);
		text_put(text, "\n", 1);
	}
	put_name(text, name, SLICE("_sum"), labels, SLICE(""));
	text_seconds(text, histogram->sum_us);
	text_put(text, "\n", 1);
	put_name(text, name, SLICE("_count"), labels, SLICE(""));
	text_u64(text, histogram->count);
	text_put(text, "\n", 1);
}

static void put_value(struct text *text, enum metric_kind kind, const void *field)
{
	switch (kind) {
	case METRIC_GAUGE_BOOL:
		text_u64(text, *(const bool *)field);
		break;
	case METRIC_GAUGE_I32:
		text_i64(text, *(const int32_t *)field);
		break;
	case METRIC_GAUGE_U32:
		text_u64(text, *(const uint32_t *)field);
		break;
	case METRIC_GAUGE_US:
		text_seconds(text, *(const uint64_t *)field);
		break;
	default:
		text_u64(text, *(const uint64_t *)field);
	}
}

void metrics_table(struct text *text, const struct metric *metrics, size_t metric_count,
	const struct metric_object *objects, size_t object_count)
{
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *metric = &metrics[i];
		struct slice name = slice_of(metric->name);
		struct slice label = slice_or_empty(metric->label);
		if (i == 0 || strcmp(metric->name, metrics[i - 1].name) != 0)
			metrics_family(text, metric->name, type_name(metric->kind), metric->help);
		for (size_t k = 0; k < object_count; k++) {
			const void *field = (const char *)objects[k].base + metric->offset;
			if (metric->kind == METRIC_HISTOGRAM) {
				put_histogram(text, name, objects[k].labels, field);
				continue;
			}
			put_name(text, name, SLICE(""), objects[k].labels, label);
			put_value(text, metric->kind, field);
			text_put(text, "\n", 1);
		}
	}
}
