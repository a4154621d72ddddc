/*
 * comfy/supply_names.h - between comfy/supply.c, supply_names.c and supply_pull.c.
 */
#ifndef COMFY_SUPPLY_NAMES_H
#define COMFY_SUPPLY_NAMES_H

#include "comfy/locate.h"
#include "comfy/supply.h"

/* A result of a worker's that a graph names with its tag: "@w2/a.png [output]". */
struct supply_result {
	char type[16], subfolder[LOCATE_TEXT_MOST], filename[LOCATE_TEXT_MOST];
	char node_id[129]; /* its maker */
};

struct supply_name {
	struct spool_file *file;      /* held; NULL: a result that is not in the spool yet */
	struct supply_result *result; /* owned; NULL: an uploaded file */
	bool is_given_up;             /* its maker does not have it */
};

struct supply_names {
	uint32_t count;
	char only[129]; /* who made a result that is named without a tag; "" none */
	struct supply_name names[];
};

/* Waits for the result to be in the spool; on_done of the wait is not called, supply_go_on is.
 * False: it cannot be had, and is given up. */
bool supply_pull(struct supply_name *name, struct supply_wait *wait) MUST_CHECK;
/* The worker goes: nobody waits for it any more. */
void supply_pulls_drop(struct fleet_worker *worker);
/* What the wait waited for is there, or will not come (error). */
void supply_go_on(struct supply_wait *wait, int error);

#endif
