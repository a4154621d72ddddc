#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/query.h"

struct row {
	const char *text;
	const char *want; /* NULL: -1 */
};

static void check(int n, const char *out, const struct row *row)
{
	if (row->want == NULL ? n != -1 || out[0] != '\0'
			      : n != (int)strlen(row->want) || strcmp(out, row->want) != 0)
		fail_msg("\"%s\" gives %d, \"%s\"", row->text, n, out);
}

static void the_first_of_that_name_counts(void **state)
{
	static const struct row rows[] = {
		{"", NULL},
		{"clientId", NULL},
		{"clientId=", NULL},
		{"clientId=a", "a"},
		{"a=b&clientId=c", "c"},
		{"clientId=a&clientId=b", "a"},
		{"clientId=&clientId=b", NULL},
		{"clientId&clientId=b", NULL},
		{"clientid=a", NULL},
		{"xclientId=a&clientIdx=b", NULL},
		{"&&=x&clientId=a&", "a"},
		{"clientId=a=b", "a=b"},
		{"x=clientId=a", NULL},
		{"client%49d=a", "a"},
		{"clientId%00=a", NULL},
		{"client%zz=b&clientId=a", "a"},
		{"clientId%=b&clientId=a", "a"},
		{"clientId=a%20b+c%2B%c3%A9", "a b c+\xc3\xa9"},
		{"clientId=a;b=c", "a;b=c"},
		{"clientId=%", NULL},
		{"clientId=%4", NULL},
		{"clientId=%4&x=1", NULL},
		{"clientId=%zz", NULL},
		{"clientId=%00", NULL},
		{"clientId=a%00b", NULL},
		{"clientId=0123456789012345678", "0123456789012345678"},
		{"clientId=01234567890123456789", NULL},
		{"clientId=%30%31%32%33%34%35%36%37%38%39012345678", "0123456789012345678"},
	};
	char out[20];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		memset(out, 'x', sizeof(out));
		check(query_find(slice_of(rows[i].text), "clientId", out, sizeof(out)), out,
			&rows[i]);
	}
}

static void a_plus_in_a_path_stays(void **state)
{
	static const struct row rows[] = {
		{"a+b%2Fc", "a+b/c"},
		{"%41%61", "Aa"},
		{"", NULL},
		{"%", NULL},
		{"a%2", NULL},
		{"%00", NULL},
		{"0123456", "0123456"},
		{"01234567", NULL},
	};
	char out[8];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check(percent_decode(slice_of(rows[i].text), out, sizeof(out)), out, &rows[i]);
}

static void there_may_be_no_room(void **state)
{
	char out[1] = {'x'};
	(void)state;
	assert_int_equal(query_find(SLICE("a=b"), "a", out, 0), -1);
	assert_int_equal(out[0], 'x');
	assert_int_equal(query_find(SLICE("a=b"), "a", out, 1), -1);
	assert_int_equal(out[0], '\0');
	assert_int_equal(query_find((struct slice){NULL, 0}, "a", out, 1), -1);
	assert_int_equal(percent_decode((struct slice){NULL, 0}, out, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_that_name_counts),
		cmocka_unit_test(a_plus_in_a_path_stays),
		cmocka_unit_test(there_may_be_no_room),
	};
	return cmocka_run_group_tests_name("http/query", tests, NULL, NULL);
}
