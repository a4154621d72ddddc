/*
 * test/unit/lb_cases.h - the form of what was measured of nginx.
 */
#ifndef TEST_UNIT_LB_CASES_H
#define TEST_UNIT_LB_CASES_H

#include "conf/upstream.h"

#define LB_CASE_SERVERS 8u
#define CASE_NONE UINT32_MAX /* written as 0 in the file; 0: not written */

struct lb_case_server {
	const char *text;
	uint32_t weight, max_fails, fail_timeout, max_conns;
	bool down, backup;
};

struct lb_case {
	const char *name;
	enum conf_method method;
	struct lb_case_server servers[LB_CASE_SERVERS];
	const char *steps;
};

#endif
