#include "conf/judge.h"

#include "base/addr.h"
#include "base/utf8.h"

bool conf_is_utf8(const char *text)
{
	while (*text != '\0') {
		/* Never read past the NUL: it is no second octet of anything. */
		size_t n = utf8_length(text, UTF8_MOST);
		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

static bool has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p < ' ' || *p == 0x7f)
			return true;
	}
	return false;
}

const char *conf_judge_label(const char *text)
{
	if (strlen(text) > 255)
		return "is longer than 255 octets";
	if (has_control(text))
		return "has control characters in it";
	return conf_is_utf8(text) ? NULL : "is not UTF-8";
}

const char *conf_judge_id(const char *text)
{
	if (text[0] == '\0')
		return "must not be empty";
	if (strlen(text) > 128)
		return "is longer than 128 octets";
	return conf_judge_label(text);
}

const char *conf_judge_path_or_none(const char *text)
{
	if (strlen(text) > 4000)
		return "is too long for a file's name";
	return has_control(text) ? "has control characters in it" : NULL;
}

const char *conf_judge_path(const char *text)
{
	return text[0] == '\0' ? "must not be empty" : conf_judge_path_or_none(text);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and what `more` has; not empty. */
static bool is_made_of(const char *text, size_t n, const char *more)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_alnum(text[i]) && strchr(more, text[i]) == NULL)
			return false;
	}
	return n != 0;
}

const char *conf_judge_cookie(const char *text)
{
	size_t n = strlen(text);
	return n <= 64 && is_made_of(text, n, "!#$%&'*+-.^_`|~")
		       ? NULL
		       : "must be 1 to 64 letters, digits or characters of !#$%&'*+-.^_`|~";
}

const char *conf_judge_field_or_none(const char *text)
{
	return text[0] == '\0' ? NULL : conf_judge_cookie(text);
}

const char *conf_judge_target(const char *text)
{
	if (text[0] != '/')
		return "must begin with \"/\"";
	if (strlen(text) > 4000)
		return "is longer than 4000 octets";
	for (const char *p = text; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~' || *p == '#')
			return "has a character that no request target has: write it as %XX";
	}
	return NULL;
}

const char *conf_judge_location(const char *text)
{
	const char *wrong = conf_judge_target(text);
	if (wrong == NULL && strchr(text, '?') != NULL)
		return "has a \"?\": only the path is compared, not the query";
	return wrong;
}

const char *conf_judge_type(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			return "must be a media type in plain ASCII, such as \"text/plain\"";
	}
	size_t n = strlen(text);
	return n != 0 && n <= 255 ? NULL : "must be 1 to 255 octets";
}

static bool is_ip_literal(const char *text)
{
	struct addr addr;
	return addr_from_ip(&addr, text, 0) == 0;
}

static const char *judge_name(const char *text)
{
	size_t n = strlen(text);
	if (n > 253)
		return "is longer than 253 octets";
	if (!is_made_of(text, n, "-._"))
		return "must be a host name: letters, digits, \"-\", \".\" and \"_\"";
	if (text[0] == '.' || strstr(text, "..") != NULL)
		return "has an empty label";
	return NULL;
}

const char *conf_judge_server_name(const char *text)
{
	if (text[0] == '[')
		return is_ip_literal(text) ? NULL : "is not an IPv6 address in brackets";
	if (strchr(text, ':') != NULL)
		return "must be a host name without a port";
	if (strchr(text, '*') != NULL)
		return "must be a whole host name: there are no wildcards here";
	return judge_name(text);
}

const char *conf_judge_host(const char *text)
{
	if (strncmp(text, "unix:", 5) == 0)
		return conf_judge_path(text + 5);
	if (is_ip_literal(text))
		return NULL;
	size_t n = strlen(text);
	if (n != 0 && strspn(text, "0123456789.") == n)
		return "is not an IPv4 address";
	if (strchr(text, ':') != NULL)
		return "must be an address or a host name: the port has its own key";
	return judge_name(text);
}
