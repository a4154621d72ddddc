#include "lb/registry.h"

/* The order is that of lb_strategy_names: the default first. */
#define STRATEGIES(X)                                                                              \
	X(lb_least_loaded)                                                                         \
	X(lb_score)                                                                                \
	X(lb_least_conn)                                                                           \
	X(lb_round_robin)                                                                          \
	X(lb_weighted)                                                                             \
	X(lb_priority_based)                                                                       \
	X(lb_ip_hash)                                                                              \
	X(lb_hash)                                                                                 \
	X(lb_random_two)                                                                           \
	X(lb_least_time)

#define DECLARE(strategy) extern const struct lb_strategy strategy;
#define ADDRESS(strategy) &(strategy),

STRATEGIES(DECLARE)

static const struct lb_strategy *const strategies[] = {STRATEGIES(ADDRESS)};

const struct lb_strategy *lb_strategy_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(strategies); i++) {
		if (strcmp(strategies[i]->name, name) == 0)
			return strategies[i];
	}
	return NULL;
}

bool lb_is_strategy(const char *name)
{
	return lb_strategy_find(name) != NULL;
}

const char *lb_strategy_names(void)
{
	static char names[256];
	if (names[0] != '\0')
		return names;
	size_t used = 0;
	for (size_t i = 0; i < COUNT_OF(strategies); i++) {
		size_t n = strlen(strategies[i]->name);
		ensure(used + n + 3 <= sizeof(names));
		if (i != 0) {
			memcpy(names + used, ", ", 2);
			used += 2;
		}
		memcpy(names + used, strategies[i]->name, n + 1);
		used += n;
	}
	return names;
}
