/*
 * lb/peer_id.h - what a client's cookie calls a server: the MD5 of its address, as nginx's does.
 *
 * No secret, and no protection: it has to be the value that nginx gave the same clients before.
 */
#ifndef LB_PEER_ID_H
#define LB_PEER_ID_H

#include "base/base.h"

/* 32 lower-case hex digits of the MD5 of "127.0.0.1:8188", "unix:/path" ..., terminated. Empty
 * where the library refuses MD5. */
void lb_peer_id(const char *address, char out[33]);

#endif
