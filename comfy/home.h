/*
 * comfy/home.h - what ComfyUI keeps in files of its own for its users: userdata, settings, users.
 *
 * One worker is the home of each user's files, by rendezvous hashing over those that are up: it
 * answers, and what is written there is written at the others, too, in the same order, so that any
 * of them can take over. One that is down gets it when it is back.
 */
#ifndef COMFY_HOME_H
#define COMFY_HOME_H

#include "comfy/fleet.h"
#include "proxy/handler.h"

/* For a request that is no route of the fleet's. */
enum handler_wish home_wish(struct fleet *fleet, struct exchange *x, uint64_t *ret_most);
void home_request(struct fleet *fleet, struct exchange *x);

/* Copies that wait for it go out. */
void home_worker_is_back(struct fleet_worker *worker);
void home_worker_destroy(struct home_worker *home); /* takes NULL */
/* At exit: writes that nobody waits for. */
void home_finish(struct fleet *fleet);

struct home_stats {
	uint64_t writes, copies, failures, dropped;
};
extern struct home_stats home_stats;

#endif
