/*
 * proxy/ws_parts.h - what ws.c and ws_out.c share.
 */
#ifndef PROXY_WS_PARTS_H
#define PROXY_WS_PARTS_H

#include "proxy/ws.h"

bool ws_has_waiting(const struct ws *ws);
void ws_forget_output(struct ws *ws);
/* As far as the kernel takes it. */
void ws_write_waiting(struct ws *ws);
/* A whole frame at the end of what waits, not written yet. False: no memory or randomness. */
bool ws_put_frame(struct ws *ws, enum ws_opcode opcode, struct slice payload) MUST_CHECK;

/* It has broken: the next step ends it. `why` is static. */
void ws_break_off(struct ws *ws, const char *why);
/* The peer takes nothing more; but what it said last, a close frame often, is still to be read. */
void ws_go_mute(struct ws *ws);

#endif
