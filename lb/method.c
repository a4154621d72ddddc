#include "lb/method.h"

extern const struct lb_method lb_method_turns, lb_method_ip_hash, lb_method_least_conn,
	lb_method_hash, lb_method_ketama, lb_method_random, lb_method_random_two,
	lb_method_random_time, lb_method_least_time;

static const struct lb_method *const methods[CONF_METHOD_COUNT] = {
	[CONF_METHOD_ROUND_ROBIN] = &lb_method_turns,
	[CONF_METHOD_IP_HASH] = &lb_method_ip_hash,
	[CONF_METHOD_LEAST_CONN] = &lb_method_least_conn,
	[CONF_METHOD_HASH] = &lb_method_hash,
	[CONF_METHOD_HASH_CONSISTENT] = &lb_method_ketama,
	[CONF_METHOD_RANDOM] = &lb_method_random,
	[CONF_METHOD_RANDOM_TWO] = &lb_method_random_two,
	[CONF_METHOD_RANDOM_TIME] = &lb_method_random_time,
	[CONF_METHOD_LEAST_TIME] = &lb_method_least_time,
};

const struct lb_method *lb_method_of(enum conf_method method)
{
	ensure((unsigned)method < CONF_METHOD_COUNT);
	return methods[method];
}
