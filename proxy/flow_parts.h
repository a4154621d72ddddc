/*
 * proxy/flow_parts.h - between the files of the flow.
 *
 *   flow.c   from -> decode -> frame -> to         flow_splice.c   the same through a pipe
 *   flow_more.c   all that is off by default
 */
#ifndef PROXY_FLOW_PARTS_H
#define PROXY_FLOW_PARTS_H

#include "proxy/flow.h"

/* One for the process: a piece is taken, framed and sent, or its tail stashed, before anybody else
 * runs. */
extern char flow_piece[FLOW_PIECE];

/* More payload can be taken from `from` or `ahead` now. */
bool flow_has_piece(const struct flow *flow);
/* At most `most` octets from there, without their framing: *ret_n of them, which may be 0, at
 * *ret_p, good until the next call. */
enum flow_result flow_take(struct flow *flow, size_t most, char **ret_p, size_t *ret_n) MUST_CHECK;
/* Sends stash and payload in one write; what is not taken is in the stash afterwards. */
enum flow_result flow_put(struct flow *flow, const char *p, size_t n) MUST_CHECK;
/* flow_pump without anything of `more`. */
enum flow_result flow_pump_direct(struct flow *flow) MUST_CHECK;

/* `to` takes nothing, and `from` gives something. */
bool flow_may_spill(const struct flow *flow);
/* False: no memory. */
bool flow_begin_spill(struct flow *flow) MUST_CHECK;
enum flow_result flow_pump_more(struct flow *flow) MUST_CHECK;
void flow_more_finish(struct flow *flow);

#endif
