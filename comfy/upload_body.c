#include "comfy/upload_body.h"

#include "base/hash.h"
#include "http/chars.h"

#include <stdio.h>

static bool is_plain(char c)
{
	return http_char_is(c, CHAR_NAME) || c == ' ' || c == '(' || c == ')' || c == '_';
}

static void put_filename(struct text *text, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";
	bool is_simple = true;
	for (const char *p = name; *p != '\0'; p++)
		is_simple = is_simple && is_plain(*p) && *p != '%' && *p != '\'';
	if (is_simple) {
		text_puts(text, "filename=\"");
		text_puts(text, name);
		text_puts(text, "\"");
		return;
	}
	/* RFC 8187: the one form that ComfyUI's server takes every name in. */
	text_puts(text, "filename*=UTF-8''");
	for (const char *p = name; *p != '\0'; p++) {
		unsigned char octet = (unsigned char)*p;
		char escaped[3] = {'%', digits[octet >> 4], digits[octet & 15]};
		if (http_char_is_digit(*p) || (ascii_lower(*p) >= 'a' && ascii_lower(*p) <= 'z') ||
			*p == '.' || *p == '-')
			text_put(text, p, 1);
		else
			text_put(text, escaped, sizeof(escaped));
	}
}

static void put_field(struct text *text, const char *boundary, const char *name, const char *value)
{
	text_puts(text, "--");
	text_puts(text, boundary);
	text_puts(text, "\r\nContent-Disposition: form-data; name=\"");
	text_puts(text, name);
	text_puts(text, "\"\r\n\r\n");
	text_puts(text, value);
	text_puts(text, "\r\n");
}

bool upload_body_init(struct upload_body *body, const char *type, const char *subfolder,
	const char *name, const char *original_ref)
{
	uint64_t words[2];
	if (!random_secret(words, sizeof(words)))
		return false;
	(void)snprintf(body->boundary, sizeof(body->boundary), "comfymux%016llx%016llx",
		(unsigned long long)words[0], (unsigned long long)words[1]);
	(void)snprintf(body->fields, sizeof(body->fields),
		"Content-Type: multipart/form-data; boundary=%s\r\n", body->boundary);
	struct text *head = &body->head;
	text_init(head, 1024);
	text_init(&body->tail, 64);
	put_field(head, body->boundary, "overwrite", "true");
	put_field(head, body->boundary, "type", type);
	put_field(head, body->boundary, "subfolder", subfolder);
	if (original_ref != NULL)
		put_field(head, body->boundary, "original_ref", original_ref);
	text_puts(head, "--");
	text_puts(head, body->boundary);
	text_puts(head, "\r\nContent-Disposition: form-data; name=\"image\"; ");
	put_filename(head, name);
	text_puts(head, "\r\nContent-Type: application/octet-stream\r\n\r\n");
	text_puts(&body->tail, "\r\n--");
	text_puts(&body->tail, body->boundary);
	text_puts(&body->tail, "--\r\n");
	if (!head->is_short && !body->tail.is_short)
		return true;
	upload_body_finish(body);
	return false;
}

void upload_body_finish(struct upload_body *body)
{
	text_finish(&body->head);
	text_finish(&body->tail);
}
