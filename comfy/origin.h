/*
 * comfy/origin.h - may a page of that origin ask for this? ComfyUI's rule against foreign pages.
 *
 * A worker looks at Host and Origin of what is carried to it. What the fleet answers itself, or
 * sends on over connections of its own, no worker sees as the browser sent it: there the rule is
 * kept here.
 */
#ifndef COMFY_ORIGIN_H
#define COMFY_ORIGIN_H

#include "base/base.h"

/*
 * The values of Host, Origin and Sec-Fetch-Site; p == NULL for none. False: to be refused with 403
 * and no body. That is
 * - Sec-Fetch-Site: cross-site, whatever the rest says;
 * - a Host that is this machine itself, and an Origin that names another host. Ports count if both
 *   name one. An Origin without a host ("null") is nobody's.
 * This machine itself: localhost and what ends with .localhost, 127.0.0.0/8 in any form that the
 * resolver takes, ::1. Other names are never looked up (ComfyUI does, and blocks).
 */
bool origin_is_welcome(struct slice host, struct slice origin, struct slice fetch_site) MUST_CHECK;

#endif
