#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
	int number;
	struct list node;
};

static struct item items[5];
static struct list head;

static int setup(void **state)
{
	(void)state;
	list_init(&head);
	for (int i = 0; i < (int)COUNT_OF(items); i++) {
		items[i].number = i;
		list_init(&items[i].node);
	}
	return 0;
}

/* The numbers in order, forwards and backwards. */
static void assert_list(const char *want)
{
	char got[16];
	size_t n = 0;
	list_each (node, &head)
		got[n++] = (char)('0' + CONTAINER_OF(node, struct item, node)->number);
	got[n] = '\0';
	assert_string_equal(got, want);
	for (struct list *node = head.prev; node != &head; node = node->prev)
		assert_int_equal(CONTAINER_OF(node, struct item, node)->number, want[--n] - '0');
	assert_int_equal(n, 0);
}

static void both_ends_take_and_give(void **state)
{
	(void)state;
	assert_true(list_is_empty(&head));
	list_push_back(&head, &items[1].node);
	list_push_back(&head, &items[2].node);
	list_push_front(&head, &items[0].node);
	list_insert_after(&items[1].node, &items[4].node);
	assert_false(list_is_empty(&head));
	assert_list("0142");
	assert_int_equal(list_first(&head, struct item, node)->number, 0);
	assert_int_equal(list_last(&head, struct item, node)->number, 2);
}

static void removing_twice_is_legal(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		list_push_back(&head, &items[i].node);
	list_remove(&items[1].node);
	list_remove(&items[1].node);
	list_remove(&items[4].node);
	assert_list("02");
	list_push_back(&head, &items[1].node);
	assert_list("021");
}

static void the_body_may_remove_its_node(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		list_push_back(&head, &items[i].node);
	list_each_safe (node, &head) {
		if (CONTAINER_OF(node, struct item, node)->number % 2 == 0)
			list_remove(node);
	}
	assert_list("13");
	list_each_safe (node, &head)
		list_remove(node);
	assert_list("");
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(both_ends_take_and_give, setup),
		cmocka_unit_test_setup(removing_twice_is_legal, setup),
		cmocka_unit_test_setup(the_body_may_remove_its_node, setup),
	};
	return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}
