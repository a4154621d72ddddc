/*
 * conf/nginx/detect.c - which language is it?
 *
 *   worker_processes 1;      a name, then anything else     nginx
 *   listen = [...];          a name, then = or :            libconfig
 */
#include "conf/nginx/parse.h"

/* Blanks, and the comments of both languages; libconfig alone has the last two kinds. */
static const char *skip_blanks(const char *p, const char *end, bool *ret_is_libconfig)
{
	while (p < end) {
		if (*p == ' ' || (*p >= '\t' && *p <= '\r')) {
			p++;
		} else if (*p == '#') {
			while (p < end && *p != '\n')
				p++;
		} else if (*p == '/' && end - p > 1 && (p[1] == '/' || p[1] == '*')) {
			*ret_is_libconfig = true;
			return p;
		} else {
			break;
		}
	}
	return p;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '*';
}

bool ngx_is_nginx_file(const char *text, size_t n)
{
	const char *p = text, *end = text + n;
	bool is_libconfig = false;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3; /* nginx refuses it, and is to say so */
	p = skip_blanks(p, end, &is_libconfig);
	if (is_libconfig || p == end || *p == '@' || *p == '=' || *p == ':')
		return false;
	while (p < end && is_name(*p))
		p++;
	p = skip_blanks(p, end, &is_libconfig);
	return !is_libconfig && p < end && *p != '=' && *p != ':';
}
