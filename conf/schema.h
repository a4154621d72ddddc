/*
 * conf/schema.h - the tables of keys: what a configuration file may say.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "conf/keys.h"

extern const struct conf_group conf_group_pool_tls;
extern const struct conf_group conf_group_root;     /* struct conf */
extern const struct conf_group conf_group_timeouts; /* struct conf_timeouts */
extern const struct conf_group conf_group_limits;   /* struct conf_limits */
extern const struct conf_group conf_group_pool;     /* struct conf_pool */
extern const struct conf_group conf_group_nodes;    /* the same without its name */
extern const struct conf_group conf_group_node;     /* struct conf_node */
extern const struct conf_group conf_group_server;   /* struct conf_server */
extern const struct conf_group conf_group_tls;      /* struct conf_tls */
extern const struct conf_group conf_group_location; /* struct conf_location */
extern const struct conf_group conf_group_respond;  /* struct conf_respond */

/* All of them and those inside them, ended by NULL: for who checks the manual. */
extern const struct conf_group *const conf_groups[];

/* Where a node listens when the file does not say: ComfyUI's own port. */
#define CONF_NODE_PORT 8188

#endif
