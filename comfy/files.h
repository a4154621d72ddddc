/*
 * comfy/files.h - which worker made which file, and names that are unique in the fleet.
 *
 * Every worker counts on its own and makes a ComfyUI_00001_.png. The first one keeps the name; what
 * another makes under it is shown to clients in a subfolder that does not exist:
 *
 *   worker a   {"filename": "ComfyUI_00001_.png", "subfolder": "",   "type": "output"}
 *   worker b   {"filename": "ComfyUI_00001_.png", "subfolder": "@b", "type": "output"}
 *
 * GET /view takes the tag off again. Without one, a client gets what it made itself. At most
 * FILES_MOST files are known; those that nobody asked for longest are forgotten first.
 */
#ifndef COMFY_FILES_H
#define COMFY_FILES_H

#include "base/blob.h"
#include "comfy/json_scan.h"

#define FILES_MOST 100000
#define FILES_NAME_MOST 1024 /* octets of type, subfolder and filename together */

struct files;
struct fleet;
struct fleet_worker;
struct job;

struct files *files_create(void) MUST_CHECK;
void files_destroy(struct files *files); /* takes NULL */

/* A file as clients and workers name it. Decoded. */
struct file_name {
	struct slice type, subfolder, filename;
};

/* Who asks, or for whom it was made: hashes, 0 for none. */
struct file_client {
	uint64_t cookie, ip;
};
struct file_client file_client_of(struct slice cookie, struct slice ip);

/* Worker `node_id` made it. With a client the file is that client's; without one only the place is
 * learned. Memory that is out is a file that is not known. */
void files_add(struct files *files, const struct file_name *name, const char *node_id,
	const struct file_client *client);
/* The node_id of its maker: of several the client's own by cookie, else by address, else the newest
 * one. NULL: not known. Borrowed until the next call. *ret_is_made: false for a place that was only
 * found by asking around. */
const char *files_find(struct files *files, const struct file_name *name,
	const struct file_client *client, bool *ret_is_made);
/* It is not there any more. */
void files_remove(struct files *files, const struct file_name *name, const char *node_id);
uint32_t files_count(const struct files *files);

/* Every {"filename", "subfolder", "type"} anywhere in `outputs` was made by job->worker (else
 * job->worker_node) for job->owner. With the worker's own names, before files_rename_outputs. */
void files_learn(struct fleet *fleet, const struct job *job, struct slice outputs);
/* The JSON with those names tagged that belong to another worker. NULL: nothing to change, or no
 * memory (errno ENOMEM; 0 else). */
struct blob *files_rename_outputs(
	struct fleet *fleet, const struct fleet_worker *worker, struct slice json) MUST_CHECK;
/* The worker that the subfolder's tag names; *ret_rest is what follows the tag. NULL: no tag, or
 * nobody by that name. */
struct fleet_worker *files_tagged_worker(
	struct fleet *fleet, struct slice subfolder, struct slice *ret_rest);

/* -- Without a fleet: what the two above do -- */
void files_learn_from(struct files *files, const char *node_id, const struct file_client *client,
	struct slice outputs);
struct blob *files_rename(struct files *files, const char *node_id, struct slice json) MUST_CHECK;

#endif
