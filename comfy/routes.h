/*
 * comfy/routes.h - what app.c hands to proxy_set_handler.
 */
#ifndef COMFY_ROUTES_H
#define COMFY_ROUTES_H

#include "proxy/handler.h"

extern const struct handler comfy_handler;

#endif
