#include "lb/lottery.h"

#include <errno.h>
#include <stdlib.h>

#define DRAWS 8

void lottery_finish(struct lottery *lottery)
{
	free(lottery->up_to);
	*lottery = (struct lottery){0};
}

int lottery_rebuild(struct lottery *lottery, const struct lb_view *view)
{
	uint64_t *up_to = calloc((size_t)view->count + 1, sizeof(*up_to));
	if (up_to == NULL)
		return -ENOMEM;
	uint64_t sum = 0;
	for (uint32_t i = 0; i < view->count; i++)
		up_to[i] = sum += view->load[i].weight;
	lottery_finish(lottery);
	lottery->up_to = up_to;
	lottery->count = view->count;
	return 0;
}

/* splitmix64: many words out of the one that a pick is given. */
static uint64_t next_word(uint64_t *random)
{
	uint64_t z = *random += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 .. below - 1; its bias is below / 2^64. */
static uint64_t ticket(uint64_t *random, uint64_t below)
{
	return (uint64_t)((unsigned __int128)next_word(random) * below >> 64);
}

static uint32_t owner_of(const struct lottery *lottery, uint64_t number)
{
	uint32_t low = 0, high = lottery->count - 1;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (number < lottery->up_to[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint32_t draw_among_allowed(const struct lb_view *view, uint32_t except, uint64_t *random)
{
	uint64_t sum = 0;
	lb_each_allowed(i, view)
	{
		if (i != except)
			sum += view->load[i].weight;
	}
	if (sum == 0)
		return LB_NONE;
	uint64_t number = ticket(random, sum);
	lb_each_allowed(i, view)
	{
		if (i == except)
			continue;
		if (number < view->load[i].weight)
			return i;
		number -= view->load[i].weight;
	}
	return LB_NONE;
}

uint32_t lottery_draw(const struct lottery *lottery, const struct lb_view *view, uint32_t except,
	uint64_t *random)
{
	ensure(lottery->count == view->count);
	if (view->count == 0)
		return LB_NONE;
	for (int k = 0; k < DRAWS; k++) {
		uint32_t i = owner_of(lottery, ticket(random, lottery->up_to[view->count - 1]));
		if (i != except && lb_is_allowed(view, i))
			return i;
	}
	return draw_among_allowed(view, except, random);
}
