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
			{.text = "unix:/rr0", .weight = 5},
			{.text = "unix:/rr1"},
			{.text = "unix:/rr2"},
		},
		"g>0 g>0 g>1 g>0 g>2 g>0 g>0 g>0 g>0 g>1 g>0 g>2 g>0 g>0 g>0 g>0 g>1 g>0 "
		"g>2 g>0 g>0",
	},
	{
		"3, 2", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .weight = 3},
			{.text = "unix:/rr1", .weight = 2},
		},
		"g>0 g>1 g>0 g>1 g>0 g>0 g>1 g>0 g>1 g>0",
	},
	{
		"one fails for a while", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .weight = 5, .fail_timeout = 1},
			{.text = "unix:/rr1"},
			{.text = "unix:/rr2"},
		},
		"g>0 g>0 g>1 g>0 g!0>2 g>0 g>0 g>0 g>0 g>1 g>0 g>2 g>0 w2 g!0>01 g>2 g>1 "
		"g>2 g>1 g>2 w2 g>1 g>2 g>0 g>0 g>1 g>0 g>0 g>2 g>0 g>0 g>0 g>1 g>0 g>0 g>2 "
		"g>0 g>0 g>0 g>1 g>0 g>0 g>2 g>0 g>0 g>0 g>1 g>0 g>0 g>2 g>0",
	},
	{
		"slow recovery of a weight", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .weight = 10, .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/rr1", .weight = 10},
		},
		"g>0 g>1 g>0 g>1 g!0>01 g!0>1 g!0>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 "
		"g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 g>0 g>1 "
		"g>0 g>1",
	},
	{
		"a success does not reset a young failure", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .max_fails = 2, .fail_timeout = 2},
			{.text = "unix:/rr1"},
		},
		"g!0>01 g!0>1 g>0 g>1 g>0 g>1 g!0>01 g!0>1 g>1 g>1 g>1 g>1 w3 g>1 g>0 g>1 "
		"g>0 g!0>1 g!0>01 g>1 g>0 g>1 g>0",
	},
	{
		"all fail", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0"},
			{.text = "unix:/rr1"},
		},
		"g!01>01 g>- g>- g>-",
	},
	{
		"a single one is never left alone", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0"},
		},
		"g!0>0 g!0>0 g!0>0 g>0",
	},
	{
		"a single one that is down", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .down = true},
		},
		"g>- g>-",
	},
	{
		"a single one with max_conns", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .max_conns = 1},
		},
		"ha>0 g>- ra g>0",
	},
	{
		"one and a backup", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .fail_timeout = 1},
			{.text = "unix:/rr1", .backup = true},
		},
		"g>0 g>0 g!0>01 g>1 g>1 g>1 w2 g>0 g>0 g>0",
	},
	{
		"backups when all fail", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0"},
			{.text = "unix:/rr1", .backup = true, .weight = 2},
			{.text = "unix:/rr2"},
			{.text = "unix:/rr3", .backup = true},
		},
		"g>0 g>2 g>0 g!02>201 g>3 g>1 g>1 g>3 g!1>13 g>3 g>3 g!3>3- g>- g>-",
	},
	{
		"one down counts for no try", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0"},
			{.text = "unix:/rr1", .down = true},
			{.text = "unix:/rr2"},
		},
		"g!02>02 g>-",
	},
	{
		"max_fails 0", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .max_fails = CASE_NONE},
			{.text = "unix:/rr1", .max_fails = CASE_NONE},
		},
		"g!01>01 g!01>10 g!01>01 g!0>1 g!0>01 g!0>1 g>0 g>1 g>0",
	},
	{
		"fail_timeout 0", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .fail_timeout = CASE_NONE},
			{.text = "unix:/rr1"},
		},
		"g!0>01 g!0>1 g!0>1 g!0>1 w1 g>1 g>1 g>0 g>1",
	},
	{
		"rr, drawn 0", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .weight = 7, .fail_timeout = 1, .max_conns = 3},
			{.text = "unix:/rr1", .max_fails = 2, .fail_timeout = 1},
			{.text = "unix:/rr2", .fail_timeout = 1},
		},
		"g>0 g>0 g>0 g>1 ha!0>02 hb>2 rb hc>2 hd>2 g>2 g>1 g>2 g>1 g>2 g>1 g>2 he>1 "
		"g>2 re hf>1 hg>2 hh>1 g>2 rd w1 hi>1 hj>2 rj rg hk>1 g>2 g>1 hl>2 g>1 rh "
		"rk g>2 g>1 g>2 g>1 hm>2 ri hn>1 ho>2 g>1 g!012>21- hq>1 hr>1 hs!02>1 w3 rm "
		"ra ht>1 g>1 ro rq rn rr g!012>021 rl g>1 hu>1 hv>1 rv rt g>1 g>1 g>1 g>1 "
		"g>1 g!1>1- g>- g>- w2 rs hy>1 hz>2 ha>0 g!012>- g>- g>- ra g>0 g>0 g>0 g>0 "
		"g>0 g>0 g>0 w1 ry g>0 g>0 g!12>0 g>1 rc ru hc>0 hd>0 he>0 rc rz rf rd re",
	},
	{
		"rr, drawn 1", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .max_fails = 2, .fail_timeout = 1},
			{.text = "unix:/rr1", .weight = 6, .fail_timeout = 1},
			{.text = "unix:/rr2", .weight = 6, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/rr3", .weight = 6, .max_fails = CASE_NONE, .fail_timeout = 1, .down = true},
			{.text = "unix:/rr4", .weight = 6, .fail_timeout = 1},
		},
		"g>1 g>2 ha>4 g>1 hb>2 hc>4 g>0 hd!3>1 rc g>2 g>4 he>1 g>2 ra g>4 g>1 rd "
		"g>2 hf>4 re g>1 rb hg>2 g>4 w1 g!01234>1240 hh>0 rh hi>0 hj>0 rj ri rg "
		"hk>0 rf g>0 hl>0 rk hm>0 hn>0 rn g>0 rl g>0 g>0 rm ho>0 hp>0 hq>0 w2 hr>4 "
		"rq rp ro g>0 g>0 g>2 hs>2 g>1 ht>2 hu!4>0 g>1 g>1 g>1 hv>1 g>1 g>1 hw>0 rv "
		"g>1 g>1 g>1 hx>1 g>1 w3 hy>4 g>1 ry rt hz>1 rw g!3>4 rr g>2 rz g>1 g>0 g>4 "
		"g>2 ha>1 g>4 hb>2 hc>1 hd>4 ra g>1 g>4 he>1 g>4 w3 g>1 hf>4 g>1 hg>4 g>1 "
		"hh>0 g>4 g>1 g>4 g>1 g>4 hi>1 hj>4 g>1 ru g>4 g>1 g>4 g>1 hk>0 g>4 rj hl>1 "
		"hm>4 rs rx rb rc rd re rf rg rh ri rk rl rm",
	},
	{
		"rr, drawn 2", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .weight = 1, .max_fails = CASE_NONE, .fail_timeout = 1},
			{.text = "unix:/rr1", .weight = 3, .fail_timeout = 1, .max_conns = 3},
			{.text = "unix:/rr2", .weight = 4, .max_fails = 3, .fail_timeout = 2},
			{.text = "unix:/rr3", .fail_timeout = 1, .down = true, .backup = true},
		},
		"ha>2 ra g>1 hb>2 g>0 g>1 hc>2 g>1 rc g>2 rb g>2 g>1 hd>2 rd he>0 re g>1 "
		"g>2 g>1 g>2 g>2 g>1 g>2 w3 g>0 g>1 g>2 g!12>120 hf>2 hg>2 rf g>2 g>0 g>2 "
		"hh>2 g>2 g>2 g>0 rg hi>2 hj>2 hk>2 hl>2 ri rk g!0>02 hm>2 hn!2>20 w1 rl rj "
		"g>2 ho>2 hp>0 g>2 hq>2 g>2 hr>2 rn hs>0 g>2 g>2 ht>2 g>2 hu>0 g!02>20- g>0 "
		"g>0 g>0 rh rm g!0123>0- g>0 w1 hv>0 g>0 g>0 hw>1 g>0 hx>0 rs rq g>0 hy>0 "
		"g!0>0- g>0 ry g>0 rt hz>0 rp rr rw ha>1 g>1 g!13>0 g>1 hb>1 w1 hc>1 hd!1>0 "
		"g!0123>0- g>0 g>0 he>0 ra hf>0 g>1 rx g>1 hg>1 g>0 rc rd g>0 g>1 g>1 rz "
		"hh>1 hi>0 g>0 hj>0 g>0 ro ru rv rb re rf rg rh ri rj",
	},
	{
		"rr, drawn 3", CONF_METHOD_ROUND_ROBIN,
		{
			{.text = "unix:/rr0", .weight = 1, .fail_timeout = 1},
			{.text = "unix:/rr1", .fail_timeout = 2, .max_conns = 2},
			{.text = "unix:/rr2", .weight = 6, .max_fails = 3, .fail_timeout = 1, .max_conns = 3},
			{.text = "unix:/rr3", .max_fails = 3, .fail_timeout = 1},
		},
		"g>2 ha!3>2 ra g!2>0 g>2 g>1 g>2 g>3 hb>2 rb g!1>2 g!3>2 g>2 g>0 g>2 g>1 "
		"g>2 g>3 hc>2 hd>2 g>2 g>2 he>0 g!13>2 w1 g>1 re g>2 hf>3 hg>2 rg rc rf g>2 "
		"g>2 hh>2 hi>0 g>2 g>1 g>2 ri hj>3 g>2 g>2 hk>2 hl>0 g>1 g>3 g>0 w2 rj hm>1 "
		"g!01>3 rm g>0 hn>1 ho!12>3 hp>0 hq>1 rd hr>3 g>2 g>2 hs>2 ht>0 hu>0 hv>0 "
		"g>3 hw>0 g>3 hx>0 g>3 g>0 rt w3 hy>3 hz>0 ha>3 g>0 g>3 hb>0 hc>3 ra g>0 rv "
		"hd!23>30 g>0 g>3 he>0 g>3 hf>0 g>3 ru hg>0 g>3 rx w3 rb rp rz g>0 g>3 g>0 "
		"g>3 rf ro g>0 g>3 g>0 rh rk rl rn rq rr rs rw ry rc rd re rg",
	},
};

static const struct lb_case least_conn_cases[] = {
	{
		"lc, drawn 0", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/lc0", .weight = 1, .max_fails = CASE_NONE, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/lc1", .weight = 5, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/lc2", .max_fails = 2, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/lc3", .max_fails = 2, .fail_timeout = 1, .backup = true, .max_conns = 1},
			{.text = "unix:/lc4", .fail_timeout = 1, .backup = true},
		},
		"ha>1 g>0 g>2 ra g>1 g>0 g>1 hb>2 rb g>1 g!02>1 g>1 g>1 g!1>0 g>1 g>2 g>1 "
		"g>1 g>1 g>1 g>0 hc>1 hd>2 rd w1 g>2 g>2 g>2 he>0 hf!34>2 rc rf hg>1 g>2 "
		"g>2 g!0>2 hh>2 g>1 g>1 g>1 g!3>1 g>1 g>1 rg re g>1 hi!4>0 g>1 hj>1 w3 hk>1 "
		"rj hl!03>1 g>2 g>2 hm>2 hn>0 ho>3 rm g>2 hp>2 hq>4 g>4 g>4 g>4 hr>4 ro g>3 "
		"hs>3 ht>4 rh rl rr g!24>1 w3 rn hu>1 ru g>1 g>1 rq g>1 g>1 g>1 hv>1 rs g>0 "
		"g>2 hw>0 g>2 rp g>2 hx>2 ri hy>2 rx hz>0 ha>2 ra w2 hb>2 rw hc>0 hd>3 g>4 "
		"g!0>4 he>4 rb g>2 hf>2 hg!2>4 rd re rz g>0 rf rv g>1 g>1 g>1 rk "
		"g!01234>12034 hi>0 g!1>2 rt ry rc rg ri",
	},
	{
		"lc, drawn 1", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/lc0", .max_fails = 2, .fail_timeout = 1, .down = true},
			{.text = "unix:/lc1", .weight = 4, .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/lc2", .max_fails = 3, .fail_timeout = 2, .down = true, .backup = true},
			{.text = "unix:/lc3", .weight = 6, .max_fails = 3, .fail_timeout = 1},
		},
		"g>3 ha>1 hb>3 rb g>3 g!0>3 ra hc>3 hd>1 he>3 hf>1 hg>3 hh>1 hi!1>3 rf hj>1 "
		"g!0123>31 rj re g!0123>31 hl>3 hm>1 g>3 hn>3 w2 g!0123>13 g>- g>- g>- g>- "
		"g>- g>- g>- g>- g>- g>- g>- g>- g>- rm g>- g>- rl rd g>- g>- g>- g>- g>- "
		"w1 g>- g>- g>- rg g!3>- g>- g>- g>- g>- g>- rh g>- g>- w2 g>1 g>1 g>1 g>1 "
		"g>1 rn g!0123>13 g>1 ri g>1 g!12>1- g>1 g>1 w2 g>1 g>1 g>1 g>1 g>1 g>1 g>1 "
		"g>1 g>1 rc g>1 hc!3>1 hd>3 g>1 rd rc",
	},
	{
		"lc, drawn 2", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/lc0", .fail_timeout = 1, .max_conns = 3},
			{.text = "unix:/lc1", .fail_timeout = 2, .max_conns = 1},
			{.text = "unix:/lc2", .fail_timeout = 1, .backup = true, .max_conns = 1},
		},
		"g>0 g>1 g>0 g>1 ha>0 g>1 ra g>1 g>0 g>1 hb>0 g>1 hc>1 hd>0 he>0 g>2 g>2 "
		"g>2 g>2 rd hf>0 g>2 g>2 g>2 w3 g>2 g>2 re hg!0>02 g>- g>- g>- g>- g>- g>- "
		"rg g>2 g>2 hl>2 rb g>- g>- g>- g>- g>- g>- w1 g>- g>- g>- g>- g>- g>- g>- "
		"g>- g!01>- g>- g>- g>- g>- rl g>2 g>2 g!2>2- rc g>1 g>1 hw>1 rf w3 g>0 g>0 "
		"g>0 rw g!12>10 g!2>0 g>0 g>0 hx>0 g>0 hy!1>0 g>0 hz>0 g>2 g>2 rz g>0 "
		"ha!2>0 w1 g>2 hb!0>2 g>- g>- rb hc>2 g>- g!01>- g>- g>- g>- rc g!012>2- "
		"g>- g>- g>- rx g>0 g!012>0- ra ry",
	},
	{
		"lc, drawn 3", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/lc0", .fail_timeout = 2, .max_conns = 3},
			{.text = "unix:/lc1", .max_fails = 1, .fail_timeout = 1},
			{.text = "unix:/lc2", .weight = 1, .max_fails = 2, .fail_timeout = 1, .backup = true},
			{.text = "unix:/lc3", .weight = 2, .max_fails = 3, .fail_timeout = 2},
		},
		"g!2>3 g>0 g>1 ha>3 hb>0 ra hc!2>1 rb g>3 rc g!2>3 hd>0 g>3 g>1 he>3 hf>1 "
		"g>3 g>3 hg>3 rd hh>0 g>3 g>1 hi>3 w3 rg rh g>0 hj>0 rf hk>1 hl>0 g>3 g>1 "
		"g>3 hm>3 ri rm g>3 rl g>3 g>3 hn>3 re ho>3 hp>1 rj rk rp w3 g>0 ro g>1 g>0 "
		"g>1 hq>0 hr>1 rq g>0 hs>0 ht>3 g!0123>3102 g>3 hv>3 hw>3 rv rs g>3 rt hx>3 "
		"rr g>3 hy>3 hz>3 w1 g>3 g>3 g>3 rn ry ha>3 rw rz hb!3>32 g>3 rx g>3 g>3 rb "
		"ra hc>3 rc g>3 hd>3 g!0>3 rd he>3 g>3 w1 hf>1 rf hg>1 g>3 hh>3 hi>3 hj>1 "
		"g!2>3 ri hk>3 rj hl>1 g>3 rg hm>1 rm rl hn>1 ho>1 rk ro hp>3 g>1 g>1 re rh "
		"rn rp",
	},
	{
		"lc, drawn 4", CONF_METHOD_LEAST_CONN,
		{
			{.text = "unix:/lc0", .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/lc1", .fail_timeout = 2, .max_conns = 1},
		},
		"g>0 g>1 g>0 g>1 g>0 g>1 ha>0 g>1 g>1 hb>1 hc>0 hd!1>0 g!01>0- g>0 g!01>0- "
		"g!1>0 he>0 rd g>0 hf>0 g>0 g>0 g>0 g>0 w3 g>0 g>0 g!1>0 g>0 g>0 hg>0 g>0 "
		"g>0 g>0 g!01>0- hi>0 g>0 hj>0 hk>0 g>0 rk hl>0 hm>0 hn>0 ho>0 g>0 g!01>0- "
		"rb w3 ro g>1 hq>1 g>0 hr>0 re rf hs>0 ht>0 ri g>0 hu>0 g>0 rr g>0 hv>0 "
		"hw>0 g>0 hx>0 g>0 rm rc g>0 w2 hy>0 g>0 g!0>0- g>0 rj rg rt ru g>0 rx "
		"g!0>0- g>0 g>0 w1 rv g>0 g>0 g>0 g>0 rq g>1 g>1 g>1 g>1 g>1 g>1 g>1 g>1 "
		"g>1 ra rl rn rs rw ry",
	},
};
/* clang-format on */

#endif
