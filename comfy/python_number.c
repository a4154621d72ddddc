#include "comfy/python.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY_MOST 200
/* Ints longer than this are read as floats. */
#define DIGITS_MOST 300

/* -- printing -- */

bool python_is_float(struct json_value value)
{
	struct slice number = value.raw;
	return memchr(number.p, '.', number.n) != NULL || memchr(number.p, 'e', number.n) != NULL ||
	       memchr(number.p, 'E', number.n) != NULL || memchr(number.p, 'N', number.n) != NULL ||
	       memchr(number.p, 'I', number.n) != NULL;
}

/* The fewest digits that read back as the same number; returns the exponent of the first. */
static int shortest(double value, char ret_digits[20])
{
	char text[40];
	size_t n = 0;
	for (int places = 0; places < 17; places++) {
		(void)snprintf(text, sizeof(text), "%.*e", places, value);
		if (strtod(text, NULL) == value)
			break;
	}
	char *exponent = strchr(text, 'e');
	for (const char *p = text; p < exponent; p++)
		if (*p >= '0' && *p <= '9')
			ret_digits[n++] = *p;
	ret_digits[n] = '\0';
	return (int)strtol(exponent + 1, NULL, 10);
}

void python_float_text(double value, char out[PYTHON_NUMBER_ROOM])
{
	static const size_t room = PYTHON_NUMBER_ROOM;
	char digits[20];
	const char *sign = signbit(value) != 0 && !isnan(value) ? "-" : "";
	if (isnan(value) || isinf(value)) {
		(void)snprintf(out, room, "%s%s", sign, isnan(value) ? "nan" : "inf");
		return;
	}
	int exponent = shortest(fabs(value), digits);
	int n = (int)strlen(digits);
	if (exponent < -4 || exponent >= 16)
		(void)snprintf(out, room, "%s%c%s%se%c%02d", sign, digits[0], n > 1 ? "." : "",
			digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
	else if (exponent < 0)
		(void)snprintf(out, room, "%s0.%.*s%s", sign, -exponent - 1, "000", digits);
	else if (n <= exponent + 1)
		(void)snprintf(
			out, room, "%s%s%.*s.0", sign, digits, exponent + 1 - n, "000000000000000");
	else
		(void)snprintf(
			out, room, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
}

/* -- conversions -- */

static const char *type_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_KIND_OBJECT] = "dict",
		[JSON_KIND_ARRAY] = "list",
		[JSON_KIND_NULL] = "NoneType",
	};
	return names[kind];
}

static bool fail(struct text *why, const char *what, struct json_value value)
{
	text_puts(why, what);
	if (value.kind == JSON_KIND_STRING) {
		python_repr(why, value, WHY_MOST);
	} else {
		text_puts(why, ", not '");
		text_puts(why, type_name(value.kind));
		text_puts(why, "'");
	}
	return false;
}

static void set_int(struct python_number *number, double value)
{
	number->value = value;
	(void)snprintf(number->text, sizeof(number->text), "%.0f", value == 0 ? 0 : value);
}

static void set_float(struct python_number *number, double value)
{
	number->value = value;
	number->text[0] = '\0';
}

const char *python_number_text(struct python_number *number)
{
	if (number->text[0] == '\0')
		python_float_text(number->value, number->text);
	return number->text;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

/* A string without blanks around it and without the underscores that Python lets stand between
 * digits, terminated. False: too long, or an underscore elsewhere. */
static bool number_text(struct json_value value, char *out, size_t room)
{
	ptrdiff_t length = json_decode(value.raw, out, room - 1);
	if (length < 0)
		return false;
	size_t n = (size_t)length;
	size_t from = 0;
	size_t kept = 0;
	while (n != 0 && is_blank(out[n - 1]))
		n--;
	while (from < n && is_blank(out[from]))
		from++;
	for (size_t i = from; i < n; i++) {
		if (out[i] == '\0')
			return false;
		if (out[i] != '_') {
			out[kept++] = out[i];
			continue;
		}
		if (i == from || i + 1 == n || out[i - 1] < '0' || out[i - 1] > '9' ||
			out[i + 1] < '0' || out[i + 1] > '9')
			return false;
	}
	out[kept] = '\0';
	return kept != 0;
}

static bool is_integer(const char *text)
{
	if (*text == '+' || *text == '-')
		text++;
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Digits as they are, without plus and leading zeros. */
static void set_digits(struct python_number *number, const char *text)
{
	bool is_negative = *text == '-';
	number->value = strtod(text, NULL);
	text += strspn(text, "+-");
	text += strspn(text, "0");
	if (*text == '\0')
		text = "0";
	else if (is_negative)
		text--;
	size_t n = strlen(text);
	memcpy(number->text, text, n + 1);
	if (is_negative && n > 1)
		number->text[0] = '-';
}

bool python_int(struct json_value value, struct python_number *ret_number, struct text *ret_why)
{
	char text[DIGITS_MOST + 4];
	double number;
	switch (value.kind) {
	case JSON_KIND_TRUE:
	case JSON_KIND_FALSE:
		set_int(ret_number, value.kind == JSON_KIND_TRUE);
		return true;
	case JSON_KIND_NUMBER:
		number = json_number(value);
		if (isnan(number) || (isinf(number) && python_is_float(value))) {
			text_puts(ret_why, isnan(number)
						   ? "cannot convert float NaN to integer"
						   : "cannot convert float infinity to integer");
			return false;
		}
		if (python_is_float(value) || value.raw.n > DIGITS_MOST) {
			set_int(ret_number, trunc(number));
			return true;
		}
		memcpy(text, value.raw.p, value.raw.n);
		text[value.raw.n] = '\0';
		set_digits(ret_number, text);
		return true;
	case JSON_KIND_STRING:
		if (!number_text(value, text, sizeof(text)) || !is_integer(text))
			return fail(ret_why, "invalid literal for int() with base 10: ", value);
		set_digits(ret_number, text);
		return true;
	default:
		return fail(ret_why,
			"int() argument must be a string, a bytes-like object or a real number",
			value);
	}
}

/* strtod takes hexadecimal numbers and "nan(...)", float() does not. */
static bool is_float_text(const char *text)
{
	static const char *const words[] = {"nan", "inf", "infinity"};
	const char *p = text + (*text == '+' || *text == '-');
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(p, words[i]) == 0)
			return true;
	return *p != '\0' && p[strspn(p, "0123456789.eE+-")] == '\0';
}

bool python_float(struct json_value value, struct python_number *ret_number, struct text *ret_why)
{
	char text[DIGITS_MOST + 4];
	char *end;
	switch (value.kind) {
	case JSON_KIND_TRUE:
	case JSON_KIND_FALSE:
		set_float(ret_number, value.kind == JSON_KIND_TRUE);
		return true;
	case JSON_KIND_NUMBER:
		set_float(ret_number, json_number(value));
		return true;
	case JSON_KIND_STRING:
		if (!number_text(value, text, sizeof(text)) || !is_float_text(text))
			return fail(ret_why, "could not convert string to float: ", value);
		set_float(ret_number, strtod(text, &end));
		return *end == '\0' || fail(ret_why, "could not convert string to float: ", value);
	default:
		return fail(ret_why, "float() argument must be a string or a real number", value);
	}
}
