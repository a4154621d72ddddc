/*
 * comfy/jobs_number.c - a job's place in the queue, written as ComfyUI writes it.
 *
 * A number from the counter is an int there ("5", "-2"), one that a client chose a float ("5.0",
 * "1e+16"), and clients compare what they see.
 */
#include "comfy/jobs_table.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MOST 17 /* of a double, so that reading it gives the same one */
#define COUNTER_MOST (INT64_C(1) << 53)

void job_set_integer(struct job *job, int64_t number)
{
	job->number = (double)number;
	(void)snprintf(job->number_text, sizeof(job->number_text), "%" PRId64, number);
}

/* The fewest digits that read back as the same number; returns the exponent of the first. */
static int shortest(double number, char ret_digits[DIGITS_MOST + 1])
{
	char text[DIGITS_MOST + 16];
	size_t n = 0;
	for (int places = 0; places < DIGITS_MOST; places++) {
		(void)snprintf(text, sizeof(text), "%.*e", places, number);
		if (strtod(text, NULL) == number)
			break;
	}
	char *exponent = strchr(text, 'e');
	for (const char *p = text; p < exponent; p++) {
		if (*p >= '0' && *p <= '9')
			ret_digits[n++] = *p;
	}
	ret_digits[n] = '\0';
	return (int)strtol(exponent + 1, NULL, 10);
}

/* float.__repr__: an exponent below 1e-4 and from 1e16 on, and always something that an int does
 * not have. */
static void print_float(char out[JOB_NUMBER_ROOM], double number)
{
	char text[2 * JOB_NUMBER_ROOM];
	char digits[DIGITS_MOST + 1];
	const char *sign = signbit(number) ? "-" : "";
	int exponent = shortest(fabs(number), digits);
	int n = (int)strlen(digits);
	if (exponent < -4 || exponent >= 16)
		n = snprintf(text, sizeof(text), "%s%c%s%se%c%02d", sign, digits[0],
			n > 1 ? "." : "", digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
	else if (exponent < 0)
		n = snprintf(text, sizeof(text), "%s0.%.*s%s", sign, -exponent - 1, "000", digits);
	else if (n <= exponent + 1)
		n = snprintf(text, sizeof(text), "%s%s%.*s.0", sign, digits, exponent + 1 - n,
			"000000000000000");
	else
		n = snprintf(text, sizeof(text), "%s%.*s.%s", sign, exponent + 1, digits,
			digits + exponent + 1);
	ensure(n > 0 && n < JOB_NUMBER_ROOM);
	memcpy(out, text, (size_t)n + 1);
}

void jobs_own_number(struct job *job, double number)
{
	if (isnan(number))
		number = 0;
	else if (isinf(number))
		number = number < 0 ? -DBL_MAX : DBL_MAX;
	job->number = number;
	print_float(job->number_text, number);
}

bool job_read_number(struct job *job, struct slice text, int64_t *ret_whole)
{
	char copy[JOB_NUMBER_ROOM];
	char *end = NULL;
	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\0' || strchr("0123456789.e+-", text.p[i]) == NULL)
			return false;
	}
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	double number = strtod(copy, &end);
	if (*end != '\0' || end == copy || !isfinite(number))
		return false;
	*ret_whole = 0;
	if (strpbrk(copy, ".e") != NULL) {
		jobs_own_number(job, number);
	} else if (fabs(number) < (double)COUNTER_MOST) {
		*ret_whole = (int64_t)number;
		job_set_integer(job, *ret_whole);
	} else {
		return false;
	}
	return true;
}
