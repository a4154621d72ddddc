#include "comfy/spool_name.h"

#include "conf/judge.h"

#include <stdio.h>

bool spool_is_type(const char *type)
{
	return strcmp(type, "input") == 0 || strcmp(type, "output") == 0 ||
	       strcmp(type, "temp") == 0;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static bool is_dots(struct slice segment)
{
	return slice_is(segment, SLICE(".")) || slice_is(segment, SLICE(".."));
}

/* Both kinds of slashes divide. */
static bool has_dots(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/\\");
		if (slice_is((struct slice){path, n}, SLICE("..")))
			return true;
		if (path[n] == '\0')
			return false;
		path += n + 1;
	}
}

bool spool_is_name(const char *name)
{
	size_t n = strlen(name);
	return n != 0 && n <= SPOOL_NAME_MOST && strchr(name, '/') == NULL &&
	       !is_dots((struct slice){name, n}) && !has_dots(name) && name[0] != '\\' &&
	       !has_control(name) && conf_is_utf8(name);
}

bool spool_subfolder(const char *subfolder, char out[SPOOL_SUBFOLDER_MOST + 1])
{
	size_t n = 0;
	out[0] = '\0';
	if (subfolder[0] == '/' || subfolder[0] == '\\' || has_dots(subfolder) ||
		has_control(subfolder) || !conf_is_utf8(subfolder))
		return false;
	while (*subfolder != '\0') {
		size_t m = strcspn(subfolder, "/");
		struct slice segment = {subfolder, m};
		subfolder += m + (subfolder[m] == '/');
		if (m == 0 || slice_is(segment, SLICE(".")))
			continue;
		if (m > SPOOL_NAME_MOST || n + m + (n != 0) > SPOOL_SUBFOLDER_MOST)
			return false;
		if (n != 0)
			out[n++] = '/';
		memcpy(out + n, segment.p, m);
		n += m;
		out[n] = '\0';
	}
	return true;
}

bool spool_numbered(const char *name, uint32_t number, char out[SPOOL_NAME_MOST + 1])
{
	/* Dots at the beginning belong to the stem. */
	size_t lead = strspn(name, ".");
	const char *dot = strrchr(name + lead, '.');
	int stem = (int)(dot == NULL ? strlen(name) : (size_t)(dot - name));
	int n = snprintf(out, SPOOL_NAME_MOST + 1, "%.*s (%u)%s", stem, name, number,
		dot == NULL ? "" : dot);
	return n > 0 && n <= SPOOL_NAME_MOST;
}
