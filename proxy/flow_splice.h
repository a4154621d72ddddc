/*
 * proxy/flow_splice.h - the bulk path of a flow: socket -> pipe -> socket, no copy through user
 * space.
 */
#ifndef PROXY_FLOW_SPLICE_H
#define PROXY_FLOW_SPLICE_H

#include "proxy/flow.h"

/* Both sides plain, the same framing, nothing waiting, and enough to come. Takes the pipe; false
 * when none is to be had. */
bool flow_may_splice(struct flow *flow) MUST_CHECK;

/* Moves what can be moved. FLOW_WAIT with *ret_more: the pipe is empty and given back, go on by
 * copying. */
enum flow_result flow_splice(struct flow *flow, uint64_t stop_at, bool *ret_more) MUST_CHECK;

/* Only sends what is in the pipe, and gives it back when it is empty. */
enum flow_result flow_drain_pipe(struct flow *flow, bool *ret_more) MUST_CHECK;

#endif
