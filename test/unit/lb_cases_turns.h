/*
 * test/unit/lb_cases_turns.h - nginx 1.22.1: round robin and least_conn.
 *
 * Measured: test/unit/lb_nginx_measure.py. What the lines mean: test/unit/test_lb_nginx.c.
 */
#ifndef TEST_UNIT_LB_CASES_TURNS_H
#define TEST_UNIT_LB_CASES_TURNS_H

#include "test/unit/lb_cases.h"

/* clang-format off */
static const struct lb_case round_robin_cases[] = {
	{
		"5, 1, 1", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .weight = 5},
			{.text = "unix:/tmp/lb-rr1"},
			{.text = "unix:/tmp/lb-rr2"},
		},
		"g>0 g>0 g>1 g>0 g>2 g>0 g>0 g>0 g>0 g>1 g>0 g>2 g>0 g>0 g>0 g>0 g>1 g>0 "
		"g>2 g>0 g>0",
	},
	{
		"3, 2", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .weight = 3},
			{.text = "unix:/tmp/lb-rr1", .weight = 2},
		},
		"g>0 g>1 g>0 g>1 g>0 g>0 g>1 g>0 g>1 g>0",
	},
	{
		"one fails for a while", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .weight = 5, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-rr1"},
			{.text = "unix:/tmp/lb-rr2"},
		},
		"g>0 g>0 g>1 g>0 g!0>2 g>0 g>0 g>0 g>0 g>1 g>0 g>2 g>0 w2 g!0>01 g>2 g>1 "
		"g>2 g>1 g>2 w2 g>1 g>2 g>0 g>0 g>1 g>0 g>0 g>2 g>0 g>0 g>0 g>1 g>0 g>0 g>2 "
		"g>0 g>0 g>0 g>1 g>0 g>0 g>2 g>0 g>0 g>0 g>1 g>0 g>0 g>2 g>0",
	},
	{
		"slow recovery of a weight", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .weight = 10, .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-rr1", .weight = 10},
		},
		"g>0 g>1 g>0 g>1 g!0>01 g!0>1 g!0>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 "
		"g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 "
		"g>0 g>1",
	},
	{
		"a success does not reset a young failure", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .max_fails = 2, .fail_timeout = 2},
			{.text = "unix:/tmp/lb-rr1"},
		},
		"g!0>01 g!0>1 g>0 g>1 g>0 g>1 g!0>01 g!0>1 g>1 g>1 g>1 g>1 w3 g>1 g>0 g>1 "
		"g>0 g!0>1 g!0>01 g>1 g>0 g>1 g>0",
	},
	{
		"all fail", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0"},
			{.text = "unix:/tmp/lb-rr1"},
		},
		"g!01>01 g>- g>- g>-",
	},
	{
		"a single one is never left alone", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0"},
		},
		"g!0>0 g!0>0 g!0>0 g>0",
	},
	{
		"a single one that is down", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .down = true},
		},
		"g>- g>-",
	},
	{
		"a single one with max_conns", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .max_conns = 1},
		},
		"ha>0 g>- ra g>0",
	},
	{
		"one and a backup", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .fail_timeout = 1},
			{.text = "unix:/tmp/lb-rr1", .backup = true},
		},
		"g>0 g>0 g!0>01 g>1 g>1 g>1 w2 g>0 g>0 g>0",
	},
	{
		"backups when all fail", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0"},
			{.text = "unix:/tmp/lb-rr1", .backup = true, .weight = 2},
			{.text = "unix:/tmp/lb-rr2"},
			{.text = "unix:/tmp/lb-rr3", .backup = true},
		},
		"g>0 g>2 g>0 g!02>201 g>3 g>1 g>1 g>3 g!1>13 g>3 g>3 g!3>3- g>- g>-",
	},
	{
		"one down counts for no try", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0"},
			{.text = "unix:/tmp/lb-rr1", .down = true},
			{.text = "unix:/tmp/lb-rr2"},
		},
		"g!02>02 g>-",
	},
	{
		"max_fails 0", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .max_fails = CASE_NONE},
			{.text = "unix:/tmp/lb-rr1", .max_fails = CASE_NONE},
		},
		"g!01>01 g!01>10 g!01>01 g!0>1 g!0>01 g!0>1 g>0 g>1 g>0",
	},
	{
		"fail_timeout 0", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .fail_timeout = CASE_NONE},
			{.text = "unix:/tmp/lb-rr1"},
		},
		"g!0>01 g!0>1 g!0>1 g!0>1 w1 g>1 g>1 g>0 g>1",
	},
	{
		"drawn 0", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .weight = 7, .fail_timeout = 1, .max_conns = 3},
			{.text = "unix:/tmp/lb-rr1", .max_fails = 2, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-rr2", .fail_timeout = 1},
		},
		"g>0 g>0 g>0 g>1 ha>0 hb>0 hc>2 hd>0 g>1 rd g>0 he>0 g>2 g>1 g>2 g>1 ra g>0 "
		"hf>2 rc g!1>0 re g>0 hg>0 w1 g>1 rg hh>0 hi>0 g>2 g>1 g>2 g>1 g>2 g>1 hj>2 "
		"rh hk>0 g!01>12 hl>2 g!01>12 hm>2 hn>2 rk ho>0 hp>2 hq>2 g>2 rl w2 hr>2 "
		"hs>2 ro g!012>012 g>- rn rj g>- rm rf g>- g>- g>- g>- g!1>- g>- g>- g>- "
		"g>- rq g!1>- g!012>- g>- g>- w2 rp hz>1 ha>2 g>0 g!1>0 g>0 rs g>2 g>0 g>0 "
		"g>0 g>0 rb hb>0 hc>0 g>2 g>2 hd>2 g>2 g!012>2- rc g!02>0- w1 rb g>- rr g>- "
		"g>- g>- ri g>- rz g>1 hh>1 hi>1 g>1 hj>1 hk>1 g>1 hl>1 g!1>1- g>1 g>1 hn>1 "
		"g>1 rj ra rd rh ri rk rl rn",
	},
	{
		"drawn 1", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .fail_timeout = 1},
			{.text = "unix:/tmp/lb-rr1", .weight = 4, .fail_timeout = 1, .down = true},
		},
		"g>0 ha>0 ra g>0 g>0 g>0 hb>0 hc>0 g>0 hd>0 he>0 g!01>0 re g>- rc g>- g>- "
		"rb g>- g>- g>- g>- w3 hh>0 rd rh hi>0 hj>0 g!01>0 g>- g>- ri g>- rj g>- "
		"g>- g>- g>- g>- g>- g!0>- g>- g>- g>- g>- g>- w1 g>- g>- g>- g>- g>- g>- "
		"g>- g>- g>- g>- g>- g>- g!1>- g>- g>- g>- g>- g!01>- w3 hb>0 g>- g>- g>- "
		"g>- g!1>- g>- g>- g!01>- rb hf>0 g>0 hg>0 hh>0 g>0 g>0 hi>0 hj>0 w3 hk>0 "
		"g>0 g>0 rk g>0 g>0 g>0 hl>0 rh g>0 g>0 g>0 g>0 g>0 g>0 g>0 g>0 hm>0 g>0 rm "
		"rf rg ri rj rl",
	},
	{
		"drawn 2", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/tmp/lb-rr1", .weight = 7, .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-rr2", .weight = 1, .fail_timeout = 1},
		},
		"ha>1 g>1 g!0>01 g>1 g>1 ra hb>1 rb g>2 hc>1 g>1 rc g>1 g>1 hd>1 g>1 g>1 "
		"g>2 he>1 rd g>1 re hf>1 g>1 w1 g>1 hg>1 hh>1 g>2 hi>1 g>1 g>1 ri hj>1 rj "
		"g>1 g>1 g>1 hk>2 g>1 g>1 g>1 rf g>1 rk rg rh g>1 hl>1 w1 g>1 hm>2 g>1 g>1 "
		"hn>1 ho>1 ro hp>1 g>2 hq>1 g>1 g>1 g>0 rp rn rm rl hr>1 g>1 g>1 hs!01>12 "
		"rs rr ht>2 w1 g>1 g>1 g>0 rq rt g>1 hu>1 g>1 hv>1 rv ru g!0>2 g!0>1 "
		"g!12>10 g>1 g>0 g>1 g>1 g>1 hw>2 hx>1 g>1 hy>1 g!1>10 w1 g>0 rx g!12>0 g>2 "
		"g>0 hz>2 ha>0 ry g!012>20- g>- g>- g>- g>- g>- g>- g>- rz g>- g>- g>- rw "
		"ra",
	},
	{
		"drawn 3", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/tmp/lb-rr0", .fail_timeout = 1, .down = true, .max_conns = 1},
			{.text = "unix:/tmp/lb-rr1", .weight = 3, .max_fails = CASE_NONE, .fail_timeout = 1, .backup = true, .max_conns = 2},
		},
		"g!0>1 g>1 g>1 g>1 g>1 ha>1 g>1 ra g>1 g>1 hb>1 hc>1 g>- g>- g>- g!0>- rc "
		"g!01>1 g>1 g>1 g>1 g>1 hg>1 rb w2 g>1 rg g>1 g>1 hh>1 g>1 g>1 g!01>1 g>1 "
		"rh hi>1 ri g>1 g>1 g>1 hj>1 rj g>1 hk>1 g>1 hl>1 w3 g!1>- g>- g>- g>- g>- "
		"g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g!01>- g>- g>- g>- w1 "
		"g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g>- g!01>- g!1>- g>- g>- "
		"g!01>- g>- w3 g>- g>- g>- g!0>- g!0>- g>- g>- g>- g>- g>- g>- g>- g>- g>- "
		"g>- g>- g>- rk rl",
	},
};

static const struct lb_case least_conn_cases[] = {
	{
		"drawn 0", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/tmp/lb-lc0", .weight = 1, .max_fails = CASE_NONE, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/tmp/lb-lc1", .weight = 5, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/tmp/lb-lc2", .max_fails = 2, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/tmp/lb-lc3", .max_fails = 2, .fail_timeout = 1, .backup = true, .max_conns = 1},
			{.text = "unix:/tmp/lb-lc4", .fail_timeout = 1, .backup = true},
		},
		"g>1 ha>1 ra hb>0 rb g>1 g>2 hc>1 rc g>1 hd>1 he!3>0 rd hf>1 g>2 g>2 re g>2 "
		"rf hg>2 rg g>1 hh>1 g>0 w1 hi>0 hj>2 hk>1 ri rh rj rk g>0 g>1 hl>1 hm>2 "
		"g>0 g>0 hn>0 g>1 g>1 rm g>2 rl g>1 ho>2 hp>1 g>1 hq>1 w3 rn ro g!3>0 g>2 "
		"g>0 hr>2 hs>0 g>0 g>2 g>0 ht>2 rp hu>1 hv>0 rq rt hw>1 rs rv hx>0 hy>0 g>2 "
		"ru rx w2 g>1 g>1 hz>1 g>2 rz g>1 ha>1 hb!2>0 ry rb hc>0 g>2 hd>0 he>2 rd "
		"g>0 re ra g!0>1 g>1 hf>1 rf rw hg>1 w1 g>1 g>1 rc rg rr g>1 g>1 g>1 g>2 "
		"g>1 g>1 g>0 g!4>1 hh>1 rh g>1 hi>2 hj>1 g>0 rj hk>1 hl>0 g>1 g>1 ri rk rl",
	},
	{
		"drawn 1", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/tmp/lb-lc0", .weight = 3, .max_fails = 3, .fail_timeout = 2, .down = true},
			{.text = "unix:/tmp/lb-lc1", .weight = 6, .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-lc2", .weight = 7, .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-lc3", .fail_timeout = 2, .max_conns = 1},
			{.text = "unix:/tmp/lb-lc4", .fail_timeout = 1, .down = true, .max_conns = 3},
		},
		"g>2 g>1 g>2 ha>1 hb>2 g>3 g>3 g>3 g!01234>321 g>2 g>2 g!01234>21- g>2 g>2 "
		"he>2 ra rb hf>1 g>2 g>2 hg>2 g>1 hh>1 w1 g>2 g>2 g>2 g>2 g>2 rg hi>2 "
		"g!01234>21- rf g>- g>- g!01234>- g>- g>- g>- g>- ri g!4>- g>- g!0>- g>- "
		"g>- g>- w3 hq>3 g>2 g>2 g>2 g>2 g>2 rq g>3 g>3 hr>3 g>2 hs>2 ht>1 re g>2 "
		"g>2 rr g>3 w1 hu>3 g>2 hv>2 g>2 g>2 hw>2 g>2 hx>2 hy>2 g>2 g>2 g>2 rx hz>2 "
		"g>2 rt g>1 g>1 ha>1 g>1 g>1 rs rw w1 ru rh hb>3 g>1 g>1 g>1 hc>1 ra hd>1 "
		"rv he>2 hf>1 g>2 g!04>2 hg!1>2 g!2>1 hh>1 g>2 hi>2 rg hj>2 g>1 rh g>1 ry "
		"rz rb rc rd re rf ri rj",
	},
	{
		"drawn 2", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/tmp/lb-lc0", .weight = 1, .max_fails = CASE_NONE, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/tmp/lb-lc1", .weight = 6, .max_fails = 2, .fail_timeout = 2, .down = true},
			{.text = "unix:/tmp/lb-lc2", .fail_timeout = 2},
			{.text = "unix:/tmp/lb-lc3", .weight = 5, .max_fails = 1, .fail_timeout = 1},
		},
		"ha>3 ra g>3 g>0 hb>3 g>2 hc>2 hd>0 he>3 g!0123>320 g>0 hg>0 rc rg re "
		"hh!3>0 rh rb hi>0 ri hj>0 g>- g>- w2 hl>3 rd hm>0 g>- rm g>0 g>0 hn>0 g>- "
		"g>- rl hp>3 hq>3 hr>3 g>3 hs>3 g>3 ht>3 g>3 rt rn hu>3 g>0 rr w2 g>2 g>2 "
		"g>2 g>2 hv>2 g>3 hw>3 g>0 g>2 hx>3 ru hy!02>3 g!1>0 ry hz>3 rw rs g!1>3 "
		"g>3 g!0>3 ha!3>30 rq w2 g!0>3 rz hb>3 rx g>3 g>3 rb g>3 hc>3 hd>3 g>3 he>3 "
		"hf>3 g>2 g>2 rp g>3 rf hg>3 g>3 hh>3 ra g>2 rg w1 hi>3 g!23>0 rj g>0 rd "
		"g>0 rc ri hj>0 hk>3 hl>3 g>3 g>3 hm>3 g>3 g>3 rj hn>0 g>2 ho>3 rk g>3 "
		"hp!3>0 rh rv re rl rm rn ro rp",
	},
	{
		"drawn 3", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/tmp/lb-lc0", .weight = 6, .max_fails = 2, .fail_timeout = 2},
			{.text = "unix:/tmp/lb-lc1", .weight = 6, .max_fails = 2, .fail_timeout = 2},
		},
		"g>0 ha>1 g>0 hb>0 hc>0 g>1 g>1 g>1 hd>1 rb he>0 rd hf>1 g>1 g>0 rc g>0 g>0 "
		"hg!0>01 re ra g>0 g!01>01 g!01>1- w3 g>0 g>0 g>0 hh>0 hi>0 ri g>0 hj>0 "
		"g!01>10 hl>0 hm>0 g>0 hn>0 ho>0 rm g>0 g!0>0- g>- rg rl g>- ro rj w1 rf "
		"g>- g>- rn g>- g>- g>- g>- rh g>- g>- g>- g>- g>- g>- g!0>- g>- g>- g!01>- "
		"w3 hy>1 g>0 hz>0 ha>0 hb!1>0 g>0 ry hc>1 hd>1 g>1 he>1 re rd hf>1 g>1 g>1 "
		"ra rc g>1 g!01>10 w3 g>1 hg>1 g>1 rb hh!1>0 rg rf hi>1 g>1 g>1 hj>1 "
		"hk!1>10 g!01>10 g>- g!01>- g!1>- g>- g>- ri g>- g>- g>- g>- g>- rz rh rj "
		"rk",
	},
	{
		"drawn 4", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/tmp/lb-lc0", .weight = 6, .max_fails = 3, .fail_timeout = 1, .down = true},
			{.text = "unix:/tmp/lb-lc1", .fail_timeout = 1, .backup = true},
			{.text = "unix:/tmp/lb-lc2", .weight = 1, .max_fails = CASE_NONE, .fail_timeout = 2},
			{.text = "unix:/tmp/lb-lc3", .weight = 7, .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-lc4", .weight = 3, .max_fails = 2, .fail_timeout = 2, .backup = true},
		},
		"g!3>32 g>3 g>3 g>2 g>3 g>3 g>3 g>3 ha>3 g>2 hb>2 g>3 hc>3 rb g>2 g!3>2 g>2 "
		"g!14>2 hd>2 he!2>3 hf>3 hg>3 rc g>3 w3 hh>3 hi>3 g>3 rg rd hj>2 rj g>2 "
		"hk>2 g!2>3 hl>3 hm>3 g>3 rf g!1>3 hn>3 g>3 ra ho>3 re g>3 g>3 hp>3 g>2 w1 "
		"hq>3 g!2>23 hr!3>2 rn hs>3 g>3 ht!0>3 hu>3 g>3 g>3 hv>3 hw>3 g>3 hx>3 hy>3 "
		"ru g!01234>3241 ha>3 rw hb>3 hc>3 ra g>3 g>3 w1 g!03>32 hd>3 he>2 hf>3 rb "
		"g>3 hg>3 ri g>3 g>3 g>3 g!01234>324- g>2 rv g>2 g>2 ry g>2 g>2 g>2 g>2 rs "
		"rx g>2 w1 g>2 rr re g!4>2 g>2 rh rd rc hh>2 g>2 g!1>2 g>2 rt g!01234>21- "
		"hj>2 g>2 g>2 g>2 rm rl rh g>2 g!01234>2- rj rk ro rp rq rf rg",
	},
};
/* clang-format on */

#endif
