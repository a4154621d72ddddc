/*
 * comfy/ask_others.h - jobs that ran before the fleet knew of them: their workers remember.
 */
#ifndef COMFY_ASK_OTHERS_H
#define COMFY_ASK_OTHERS_H

#include "comfy/fleet.h"

struct exchange;

/* Asks every worker that is up for x's own path, at once; the first answer that is not {} is x's,
 * else {}. */
void ask_first_member(struct fleet *fleet, struct exchange *x);
/* POSTs the JSON to every worker that is up. What they say is not waited for. */
void ask_tell_all(struct fleet *fleet, const char *path, struct slice json);

#endif
