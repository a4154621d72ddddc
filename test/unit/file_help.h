/*
 * test/unit/file_help.h - a folder of its own for one test, and what is in a file.
 */
#ifndef TEST_FILE_HELP_H
#define TEST_FILE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char path[128], other_path[128];

static inline int folder_setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/comfymux-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	(void)snprintf(other_path, sizeof(other_path), "%s/log.1", folder);
	return 0;
}

static inline int folder_teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(other_path);
	return rmdir(folder);
}

/* The file's octets, terminated; "" when it is not there. Good until the next call. */
static inline const char *content_of(const char *file_path)
{
	static char text[256 * 1024];
	FILE *file = fopen(file_path, "r");
	size_t n = file == NULL ? 0 : fread(text, 1, sizeof(text) - 1, file);
	if (file != NULL)
		(void)fclose(file);
	text[n] = '\0';
	return text;
}

#endif
