/*
 * test/fuzz/fuzz_main.c - runs a target over a corpus in an ordinary build, which knows no
 * libFuzzer.
 *
 * Prints one line per file, as TAP. A property that does not hold aborts, as it does under
 * libFuzzer.
 */
#include "test/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MOST ((size_t)1 << 20)

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool replay(const char *folder, const char *name)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = n > 0 && (size_t)n < sizeof(path) ? fopen(path, "rb") : NULL;
	uint8_t *octets = malloc(FILE_MOST);
	if (file == NULL || octets == NULL) {
		(void)fprintf(stderr, "cannot read %s/%s\n", folder, name);
		free(octets);
		if (file != NULL)
			(void)fclose(file);
		return false;
	}
	size_t size = fread(octets, 1, FILE_MOST, file);
	bool is_read = ferror(file) == 0;
	(void)fclose(file);
	if (is_read) {
		/* A block of exactly the size, so that the sanitizer sees a read behind it. */
		uint8_t *input = malloc(size != 0 ? size : 1);
		is_read = input != NULL;
		if (is_read) {
			memcpy(input, octets, size);
			(void)LLVMFuzzerTestOneInput(input, size);
		}
		free(input);
	}
	free(octets);
	return is_read;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	int count = scandir(argv[1], &entries, is_visible, alphasort);
	if (count <= 0) {
		(void)fprintf(stderr, "%s: %s\n", argv[1],
			count < 0 ? strerrordesc_np(errno) : "no file in it");
		return 1;
	}
	bool is_good = true;
	(void)printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		/* Before the target runs, so that the last line names the one that aborts. */
		(void)printf("# %s\n", entries[i]->d_name);
		(void)fflush(stdout);
		bool is_read = replay(argv[1], entries[i]->d_name);
		(void)printf("%s %d - %s\n", is_read ? "ok" : "not ok", i + 1, entries[i]->d_name);
		is_good = is_good && is_read;
		free(entries[i]);
	}
	free(entries);
	return is_good ? 0 : 1;
}
