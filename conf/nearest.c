#include "conf/nearest.h"

#define WORD_MOST 63

static unsigned lower(char c)
{
	unsigned char octet = (unsigned char)c;
	return octet >= 'A' && octet <= 'Z' ? octet + ('a' - 'A') : octet;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned conf_word_distance(struct slice one, struct slice other)
{
	/* Three rows of the usual table: the newest and the two before it. */
	unsigned row[3][WORD_MOST + 1];
	size_t n = min_size(one.n, WORD_MOST), m = min_size(other.n, WORD_MOST);
	for (unsigned j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3];
		const unsigned *before = row[(i + 2) % 3], *second = row[(i + 1) % 3];
		unsigned a = lower(one.p[i - 1]);
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned b = lower(other.p[j - 1]);
			now[j] = least(before[j - 1] + (a != b), least(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a == lower(other.p[j - 2]) &&
				lower(one.p[i - 2]) == b)
				now[j] = least(now[j], second[j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

bool conf_is_near(unsigned distance, size_t word_length)
{
	return distance <= 1 + word_length / 3;
}
