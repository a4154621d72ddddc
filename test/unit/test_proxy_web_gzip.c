/* test/unit/test_proxy_web_gzip.c - who can read gzip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/web_gzip.h"

static void accepting(void **state)
{
	(void)state;
	static const char *const yes[] = {"gzip", "gzip, deflate", "deflate, gzip", "deflate,gzip",
		"GZip", "gzip;q=1", "gzip; q=0.5", "gzip ;q=1.000", "br, gzip;q=0.001, x",
		"x-gzip, gzip", "gzip ,br", "gzip;Q=1", "gzip;", "gzip; "};
	for (size_t i = 0; i < COUNT_OF(yes); i++)
		if (!web_accepts_gzip(slice_of(yes[i])))
			fail_msg("\"%s\" is refused", yes[i]);
}

static void refusing(void **state)
{
	(void)state;
	static const char *const no[] = {"", "gzi", "deflate", "x-gzip", "gzip;q=0", "gzip; q=0.0",
		"gzip;q=0.000", "gzipped", "gzip;q=2", "gzip;q=1.001", "gzip;q=0.0001",
		"gzip;q=", "gzip;q", "gzip;x=1", "gzip;q=.5", "gzip;q=x", "gzip;q=0.5x", "*"};
	for (size_t i = 0; i < COUNT_OF(no); i++)
		if (web_accepts_gzip(slice_of(no[i])))
			fail_msg("\"%s\" is taken", no[i]);
	assert_false(web_accepts_gzip((struct slice){NULL, 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepting),
		cmocka_unit_test(refusing),
	};
	return cmocka_run_group_tests_name("proxy/web_gzip", tests, NULL, NULL);
}
