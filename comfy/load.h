/*
 * comfy/load.h - what load.c offers inside this folder.
 */
#ifndef COMFY_LOAD_H
#define COMFY_LOAD_H

#include "lb/pool.h"

/* A job was answered by that worker: asks it soon how many it has now. Does nothing when nobody
 * polls that pool. */
void comfy_load_poke(struct lb_pool *pool, struct backend *backend);

/* {"exec_info": {"queue_remaining": N}}: N, at most INT32_MAX; -1 when it is no such thing. */
int32_t comfy_read_queue(struct slice body);

#endif
