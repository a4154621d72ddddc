#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

static void crc32_is_that_of_zlib(void **state)
{
	(void)state;
	assert_int_equal(hash_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(hash_crc32(hash_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(hash_crc32(0, NULL, 0), 0);
}

/* Values of another implementation of SipHash-1-3: hash() of CPython 3.11 under PYTHONHASHSEED=0.
 */
static void the_stable_hash_is_siphash13_with_a_key_of_zero(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} rows[] = {
		{"a", 0x407448d2b89b1813u},
		{"abc", 0xc03bc3a0042630f2u},
		{"hello,world", 0xe3eda1992ca639a3u},
		{"0123456789abcdef", 0x1d42b30f7e060c24u},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_true(hash_stable(rows[i].text, strlen(rows[i].text)) == rows[i].want);
}

static void the_keyed_hash_has_a_key_of_its_own(void **state)
{
	(void)state;
	uint64_t unkeyed = hash_keyed("client", 6);
	assert_int_equal(hash_start(), 0);
	assert_true(hash_keyed("client", 6) == hash_keyed("client", 6));
	assert_true(hash_keyed("client", 6) != hash_keyed("client", 5));
	assert_true(hash_keyed("client", 6) != unkeyed);
	assert_true(hash_keyed("client", 6) != hash_stable("client", 6));
}

static void random_words_differ_and_use_every_bit(void **state)
{
	uint64_t ones = 0;
	uint64_t zeros = 0;
	uint64_t last = 0;
	(void)state;
	assert_int_equal(hash_start(), 0);
	for (int i = 0; i < 256; i++) {
		uint64_t word = random_word();
		assert_true(word != last);
		last = word;
		ones |= word;
		zeros |= ~word;
	}
	assert_true(ones == UINT64_MAX && zeros == UINT64_MAX);
}

static void a_secret_fills_what_it_is_given_and_no_more(void **state)
{
	unsigned char secret[65] = {0};
	unsigned char seen[64] = {0};
	(void)state;
	for (int i = 0; i < 64; i++) {
		assert_true(random_secret(secret, 64));
		for (int k = 0; k < 64; k++)
			seen[k] |= secret[k];
	}
	for (int k = 0; k < 64; k++)
		assert_int_not_equal(seen[k], 0);
	assert_int_equal(secret[64], 0);
	assert_true(random_secret(secret, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32_is_that_of_zlib),
		cmocka_unit_test(the_stable_hash_is_siphash13_with_a_key_of_zero),
		cmocka_unit_test(the_keyed_hash_has_a_key_of_its_own),
		cmocka_unit_test(random_words_differ_and_use_every_bit),
		cmocka_unit_test(a_secret_fills_what_it_is_given_and_no_more),
	};
	return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
