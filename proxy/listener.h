/*
 * proxy/listener.h - listening sockets, kept by the text of their address over reloads.
 *
 * A listener is reference-counted by its connections. One that a reload dropped
 * accepts nothing more, but keeps the generation that knew it, so that requests
 * on its kept-alive connections still have a site; they are told to close.
 */
#ifndef PROXY_LISTENER_H
#define PROXY_LISTENER_H

#include "base/list.h"
#include "proxy/generation.h"

struct evconnlistener;

struct listener {
	uint32_t refs;
	struct list node;              /* in the list of open listeners */
	char *text;                    /* owned: as configured */
	struct addr addr;              /* as bound: port 0 resolved */
	struct evconnlistener *accept; /* owned; NULL once it accepts no more */
	int fd;                        /* owned by `accept` */
	struct generation *generation; /* ref: the one it serves; NULL before its first commit */
	struct site *site;             /* borrowed from `generation` */
	bool is_new;                   /* opened by a reload that is not committed yet */
	bool is_shared;                /* it came from who was before us: the path is not ours */
	bool is_tcp;
};

/* The connections of a listener hold it. */
void listener_unref(struct listener *listener);

/* A client has gone: those that wait may come. */
void listeners_room(void);
/* At exit: closes them and lets the current generation go. */
void listeners_finish(void);

#endif
