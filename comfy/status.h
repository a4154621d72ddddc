/*
 * comfy/status.h - the one event that is about nobody's job: how many there are. Pure.
 *
 *   {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 3}}, "sid": "..."}}
 */
#ifndef COMFY_STATUS_H
#define COMFY_STATUS_H

#include "base/blob.h"

/* A frame for clients. sid NULL: without. NULL: no memory. */
struct blob *status_frame(uint32_t remaining, const char *sid) MUST_CHECK;
/* False: the message is no status. Cheap for most that are none. *ret_remaining -1: not told. */
bool status_read(struct slice message, int32_t *ret_remaining);

#endif
