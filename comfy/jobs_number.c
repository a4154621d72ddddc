/*
 * comfy/jobs_number.c - a job's place in the queue, written as ComfyUI writes it.
 *
 * A number from the counter is an int there ("5", "-2"), one that a client chose a float ("5.0",
 * "1e+16"), and clients compare what they see.
 */
#include "comfy/jobs_table.h"
#include "comfy/python.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNTER_MOST (INT64_C(1) << 53)

void job_set_integer(struct job *job, int64_t number)
{
	job->number = (double)number;
	(void)snprintf(job->number_text, sizeof(job->number_text), "%" PRId64, number);
}

void jobs_own_number(struct job *job, double number)
{
	char text[PYTHON_NUMBER_ROOM];
	if (isnan(number))
		number = 0;
	else if (isinf(number))
		number = number < 0 ? -DBL_MAX : DBL_MAX;
	job->number = number;
	python_float_text(number, text);
	memcpy(job->number_text, text, strlen(text) + 1);
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
