/*
 * admin/metrics.h - the page that Prometheus reads (text format 0.0.4).
 *
 * Counts are fields of structs, so a family of metrics is a row in a table: name,
 * help, kind and offset. A row with the name of the row above belongs to its
 * family, with another label.
 */
#ifndef ADMIN_METRICS_H
#define ADMIN_METRICS_H

#include "admin/admin.h"
#include "base/text.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_kind {
	METRIC_COUNTER_U64,
	METRIC_GAUGE_BOOL,
	METRIC_GAUGE_I32,
	METRIC_GAUGE_U32,
	METRIC_GAUGE_U64,
	METRIC_GAUGE_US,  /* uint64_t microseconds, shown in seconds */
	METRIC_HISTOGRAM, /* struct histogram */
};

struct metric {
	const char *name;
	const char *help;
	enum metric_kind kind;
	size_t offset;     /* of the field in what metric_object.base points to */
	const char *label; /* what tells it from others of its family: state="up"; NULL for none */
};

struct metric_object {
	const void *base;
	struct slice labels; /* pool="gpu",worker="a"; empty for none */
};

/* HELP and TYPE. `type`: counter, gauge, histogram. */
void metrics_family(struct text *text, const char *name, const char *type, const char *help);
/* One sample of a whole number. */
void metrics_sample(struct text *text, const char *name, struct slice labels, const char *label,
	uint64_t value);
/* Each family of the table with a sample for each object. */
void metrics_table(struct text *text, const struct metric *metrics, size_t metric_count,
	const struct metric_object *objects, size_t object_count);

/* Pools and workers of the current generation. */
void metrics_pools(struct text *text, const struct generation *generation);
void metrics_workers(struct text *text, const struct generation *generation);

/* Pools in mode fleet, as long as there are any. */
void metrics_fleets(struct text *text);

/* The whole page. `generation` may be NULL: before the first commit. */
void metrics_page(
	struct text *text, const struct reload_status *status, const struct generation *generation);

#endif
