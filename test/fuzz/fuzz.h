/*
 * test/fuzz/fuzz.h - what the fuzz targets share.
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include "base/base.h"

/* libFuzzer's entry; fuzz_main.c calls it with the files of a corpus. Aborts when a property does
 * not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Numbers that hang on the input alone, so that a crash can be repeated. */
struct fuzz_dice {
	uint64_t word;
};

static inline struct fuzz_dice fuzz_dice_from(const uint8_t *data, size_t size)
{
	struct fuzz_dice dice = {14695981039346656037u};
	for (size_t i = 0; i < size; i++)
		dice.word = (dice.word ^ data[i]) * 1099511628211u;
	return dice;
}

/* 1 to most. */
static inline size_t fuzz_throw(struct fuzz_dice *dice, size_t most)
{
	dice->word = dice->word * 6364136223846793005u + 1442695040888963407u;
	return 1 + (size_t)(dice->word >> 33) % most;
}

#endif
