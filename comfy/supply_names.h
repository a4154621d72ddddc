/*
 * comfy/supply_names.h - between comfy/supply.c and comfy/supply_names.c.
 */
#ifndef COMFY_SUPPLY_NAMES_H
#define COMFY_SUPPLY_NAMES_H

#include "comfy/supply.h"

struct supply_names {
	uint32_t count;
	struct spool_file *files[]; /* held */
};

/* The file in the spool that a node's input names, or NULL. */
struct spool_file *supply_named(struct spool *spool, struct slice text);

#endif
