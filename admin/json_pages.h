/*
 * admin/json_pages.h - the pages for programs and people.
 *
 * `generation` may be NULL: before the first commit.
 */
#ifndef ADMIN_JSON_PAGES_H
#define ADMIN_JSON_PAGES_H

#include "admin/admin.h"
#include "base/text.h"

/* Every worker of the current generation, then those that left and still run something. */
void nodes_json(struct text *text, const struct generation *generation, bool has_counters);

/* True when every pool has an eligible worker. Also true: "ok", and "degraded" when some worker may
 * not be used; false: "down". */
bool health_json(
	struct text *text, const struct generation *generation, const struct reload_status *status);

#endif
