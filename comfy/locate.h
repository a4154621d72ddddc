/*
 * comfy/locate.h - the worker that can give a file.
 *
 *   @tag in the subfolder          that worker
 *   made or found before           its maker, the asking client's own first (comfy/files.h)
 *   uploaded                       a worker that has it, or gets it now (comfy/supply.h)
 *   none of these                  HEAD /view of all workers at once; the first 200 is remembered
 */
#ifndef COMFY_LOCATE_H
#define COMFY_LOCATE_H

#include "base/loop.h"
#include "comfy/files.h"
#include "comfy/supply.h"

#define LOCATE_TEXT_MOST 1024

struct locate_ask;

/* Zeroed before its first use. */
struct locate {
	struct fleet *fleet;
	/* What is wanted; decoded. The tag is taken off the subfolder. */
	char type[16], subfolder[LOCATE_TEXT_MOST], filename[LOCATE_TEXT_MOST];
	struct file_client client;
	bool was_tagged;
	/* worker NULL: error is -ENOENT, nobody has it; -EHOSTDOWN, who has it is down; -EBUSY, too
	 * much is being looked for; -ENOMEM. Called once, perhaps before locate_start returns. The
	 * worker is borrowed for the call. */
	void (*on_found)(struct locate *locate, struct fleet_worker *worker, int error);

	/* locate.c's */
	struct supply_wait wait;
	struct spool_file *file; /* held */
	char node_id[129];
	struct deadline limit;
	struct locate_ask *asks; /* owned, [ask_count] */
	uint32_t ask_count, next_ask, running;
};

/* From what a client sent, decoded: "a.png [temp]" has its type in the name; of a path in the name
 * only the end counts. False: ComfyUI would not even look for it. */
bool locate_init(struct locate *locate, struct fleet *fleet, const char *type,
	const char *subfolder, const char *filename) MUST_CHECK;
void locate_start(struct locate *locate);
/* on_found will not be called. Legal at any time after locate_init, also within on_found. */
void locate_cancel(struct locate *locate);

/* -- Pure -- */

/* "/view?filename=...&type=...&subfolder=..." */
struct text;
void locate_view_target(
	struct text *out, const char *type, const char *subfolder, const char *filename);
/* The target with the value of its first `subfolder` replaced, all else octet by octet. */
void locate_retarget(struct text *out, struct slice target, const char *subfolder);

#endif
