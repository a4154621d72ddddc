/*
 * comfy/owner_parts.h - the table of owners (owner.c) and what their pages are told
 * (owner_pages.c).
 */
#ifndef COMFY_OWNER_PARTS_H
#define COMFY_OWNER_PARTS_H

#include "comfy/owner.h"

struct owners {
	struct fleet *fleet; /* borrowed: owns us */
	struct list all, resting, pages;
	struct owner **buckets; /* owned, [BUCKETS] */
	uint32_t count, page_count;
	uint32_t untold; /* of pages, from the first on: they have not heard the newest status */
	struct next_turn tell;
};

/* owner_pages.c: the status, to so many pages as one turn allows. */
void owners_tell(struct next_turn *item);

#endif
