/*
 * conf/web_defaults.h - what holds where nobody said anything: nginx 1.22's defaults.
 */
#ifndef CONF_WEB_DEFAULTS_H
#define CONF_WEB_DEFAULTS_H

#include "conf/web.h"

extern const struct conf_loc conf_loc_defaults;
extern const struct conf_srv conf_srv_defaults;

#endif
