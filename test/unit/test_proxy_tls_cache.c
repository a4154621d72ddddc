/* test/unit/test_proxy_tls_cache.c - sessions kept under a name. */
#include "test/unit/tls_peer.h"

#define BYTES UINT64_C(32768)

static SSL_CTX *ctx;

static int start(void **state)
{
	(void)state;
	ctx = SSL_CTX_new(TLS_method());
	return ctx == NULL || hash_start() != 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	SSL_CTX_free(ctx);
	return 0;
}

static SSL_SESSION *session_of(uint32_t id)
{
	SSL_SESSION *session = SSL_SESSION_new();
	const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(SSL_CTX_get_ciphers(ctx), 0);
	assert_non_null(session);
	assert_int_equal(SSL_SESSION_set1_id(session, (const unsigned char *)&id, sizeof(id)), 1);
	assert_int_equal(SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION), 1);
	assert_int_equal(SSL_SESSION_set_cipher(session, cipher), 1);
	return session;
}

static bool put(struct tls_cache *cache, uint32_t id)
{
	SSL_SESSION *session = session_of(id);
	bool is_kept = tls_cache_put(cache, session);
	SSL_SESSION_free(session);
	return is_kept;
}

static bool has(struct tls_cache *cache, uint32_t id)
{
	SSL_SESSION *session = tls_cache_get(cache, (const unsigned char *)&id, sizeof(id));
	if (session == NULL)
		return false;
	unsigned n;
	assert_memory_equal(SSL_SESSION_get_id(session, &n), &id, sizeof(id));
	SSL_SESSION_free(session);
	return true;
}

static void what_was_put_is_found_until_it_is_removed(void **state)
{
	struct tls_cache *cache = tls_cache_ref("a", BYTES);
	const uint32_t two = 2;
	(void)state;
	assert_non_null(cache);
	assert_false(has(cache, 1));
	for (uint32_t i = 0; i < 20; i++)
		assert_true(put(cache, i));
	assert_true(put(cache, 2));
	assert_int_equal(tls_cache_count(cache), 20);
	for (uint32_t i = 0; i < 20; i++)
		assert_true(has(cache, i));
	tls_cache_remove(cache, (const unsigned char *)&two, sizeof(two));
	tls_cache_remove(cache, (const unsigned char *)&two, sizeof(two));
	assert_false(has(cache, 2));
	assert_int_equal(tls_cache_count(cache), 19);
	tls_cache_unref(cache);
}

static void the_oldest_make_room(void **state)
{
	struct tls_cache *cache = tls_cache_ref("a", BYTES);
	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		assert_true(put(cache, i));
		assert_true(has(cache, i));
	}
	uint32_t count = tls_cache_count(cache);
	assert_in_range(count, 50, BYTES / 64);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(has(cache, i), i >= 5000 - count);
	tls_cache_unref(cache);
}

static void one_name_is_one_cache_as_long_as_somebody_has_it(void **state)
{
	struct tls_cache *a = tls_cache_ref("a", BYTES), *b = tls_cache_ref("b", BYTES);
	(void)state;
	assert_true(put(a, 1));
	assert_false(has(b, 1));
	struct tls_cache *again = tls_cache_ref("a", 2 * BYTES);
	assert_ptr_equal(a, again);
	tls_cache_unref(a);
	assert_true(has(again, 1));
	/* Smaller after a reload. */
	for (uint32_t i = 0; i < 100; i++)
		assert_true(put(again, i));
	assert_ptr_equal(tls_cache_ref("a", 512), again);
	assert_in_range(tls_cache_count(again), 1, 8);
	assert_true(has(again, 99));
	tls_cache_unref(again);
	tls_cache_unref(again);
	again = tls_cache_ref("a", BYTES);
	assert_false(has(again, 99));
	tls_cache_unref(again);
	tls_cache_unref(b);
	tls_cache_unref(NULL);
}

static void what_is_larger_than_all_is_not_kept(void **state)
{
	struct tls_cache *cache = tls_cache_ref("a", 64);
	(void)state;
	assert_false(put(cache, 1));
	assert_int_equal(tls_cache_count(cache), 0);
	tls_cache_unref(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found_until_it_is_removed),
		cmocka_unit_test(the_oldest_make_room),
		cmocka_unit_test(one_name_is_one_cache_as_long_as_somebody_has_it),
		cmocka_unit_test(what_is_larger_than_all_is_not_kept),
	};
	return cmocka_run_group_tests_name("proxy/tls_cache", tests, start, end);
}
