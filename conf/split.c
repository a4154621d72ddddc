#include "conf/split.h"

#define ALL 10000 /* 100 % */

bool conf_split_percent(struct slice text, uint32_t *ret)
{
	uint32_t n = 0;
	int decimals = -1; /* behind the point; -1: before it */
	if (text.n == 0)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (text.p[i] < '0' || text.p[i] > '9' || decimals == 2)
			return false;
		n = n * 10 + (uint32_t)(text.p[i] - '0');
		if (decimals >= 0)
			decimals++;
		if (n > ALL * 100)
			return false;
	}
	for (int i = decimals < 0 ? 0 : decimals; i < 2; i++)
		n *= 10;
	*ret = n;
	return n != 0;
}

bool conf_split_put(struct conf_split *split, uint32_t hundredths, struct slice value)
{
	uint64_t sum = hundredths == 0 ? ALL : (uint64_t)split->hundredths + hundredths;
	if (sum > ALL || (hundredths != 0 && split->hundredths == ALL))
		return false;
	split->hundredths = (uint32_t)sum;
	split->parts[split->count++] = (struct conf_split_part){
		.below = hundredths, .value = value};
	return true;
}

void conf_split_finish(struct conf_split *split)
{
	/* Each bound is rounded on its own, as nginx does it. */
	uint32_t last = 0;
	for (uint32_t i = 0; i < split->count; i++) {
		if (split->parts[i].below == 0)
			continue;
		last += (uint32_t)(split->parts[i].below * UINT64_C(0xffffffff) / ALL);
		split->parts[i].below = last;
	}
}

struct slice conf_split_find(const struct conf_split *split, struct slice text)
{
	uint32_t hash = conf_split_hash(text);
	for (uint32_t i = 0; i < split->count; i++)
		if (split->parts[i].below == 0 || hash < split->parts[i].below)
			return split->parts[i].value;
	return SLICE("");
}

uint32_t conf_split_hash(struct slice text)
{
	const uint32_t m = 0x5bd1e995;
	const uint8_t *p = (const uint8_t *)text.p;
	size_t n = text.n;
	uint32_t h = (uint32_t)n;
	for (; n >= 4; n -= 4, p += 4) {
		uint32_t k = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			     (uint32_t)p[3] << 24;
		k *= m;
		k ^= k >> 24;
		h = h * m ^ k * m;
	}
	if (n >= 3)
		h ^= (uint32_t)p[2] << 16;
	if (n >= 2)
		h ^= (uint32_t)p[1] << 8;
	if (n >= 1)
		h = (h ^ p[0]) * m;
	h = (h ^ h >> 13) * m;
	return h ^ h >> 15;
}
