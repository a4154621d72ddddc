/*
 * lb/registry.h - every strategy, by name.
 */
#ifndef LB_REGISTRY_H
#define LB_REGISTRY_H

#include "lb/strategy.h"

/* NULL when there is none. */
const struct lb_strategy *lb_strategy_find(const char *name);
bool lb_is_strategy(const char *name);
/* "least_loaded, least_conn, ...": for messages. Static. */
const char *lb_strategy_names(void);

#endif
