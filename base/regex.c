/*
 * base/regex.c - the only file that knows PCRE2.
 *
 * There is one thread, so one block for results, one set of limits and one stack for compiled
 * patterns serve all of them. They live as long as any pattern does.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/regex.h"

#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>

#define JIT_STACK_START ((size_t)32 * 1024)
#define JIT_STACK_MOST ((size_t)1024 * 1024)

struct regex {
	pcre2_code *code; /* owned */
	char *pattern;    /* owned */
	uint32_t groups;
};

static struct {
	pcre2_match_data *result;    /* owned */
	pcre2_match_context *limits; /* owned */
	pcre2_jit_stack *stack;      /* owned, NULL where there is no JIT */
	uint32_t users;
} shared;

static void shared_put(void)
{
	if (--shared.users != 0)
		return;
	pcre2_match_data_free(shared.result);
	pcre2_match_context_free(shared.limits);
	pcre2_jit_stack_free(shared.stack);
	shared.result = NULL;
	shared.limits = NULL;
	shared.stack = NULL;
}

static bool shared_take(void)
{
	if (shared.users++ != 0)
		return true;
	shared.result = pcre2_match_data_create(REGEX_GROUPS, NULL);
	shared.limits = pcre2_match_context_create(NULL);
	if (shared.result == NULL || shared.limits == NULL) {
		shared_put();
		return false;
	}
	pcre2_set_match_limit(shared.limits, REGEX_STEPS);
	pcre2_set_depth_limit(shared.limits, REGEX_STEPS);
	pcre2_set_heap_limit(shared.limits, REGEX_KIB);
	shared.stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MOST, NULL);
	if (shared.stack != NULL)
		pcre2_jit_stack_assign(shared.limits, NULL, shared.stack);
	return true;
}

static void explain(struct err *err, const char *pattern, int code, size_t offset)
{
	char words[128];
	if (pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words)) < 0)
		words[0] = '\0';
	if (pattern[offset] == '\0')
		err_set(err, "pcre2_compile() failed: %s in \"%s\"", words, pattern);
	else
		err_set(err, "pcre2_compile() failed: %s in \"%s\" at \"%s\"", words, pattern,
			pattern + offset);
}

/* The names stand in a table of equal rows: two octets for the number, then the name, terminated.
 */
struct slice regex_name(const struct regex *re, uint32_t i, uint32_t *ret_group)
{
	PCRE2_SPTR table = NULL;
	uint32_t row_bytes = 0;
	ensure(i < regex_name_count(re));
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table);
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &row_bytes);
	PCRE2_SPTR row = table + (size_t)i * row_bytes;
	*ret_group = (uint32_t)row[0] << 8 | row[1];
	return slice_of((const char *)row + 2);
}

static bool are_names_told(const struct regex *re, struct err *err)
{
	uint32_t count = regex_name_count(re);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t group;
		struct slice name = regex_name(re, i, &group);
		if (group < REGEX_GROUPS)
			continue;
		err_set(err, "the group \"%.*s\" in \"%s\" is number %u, and only %d are kept",
			(int)name.n, name.p, re->pattern, group, REGEX_GROUPS - 1);
		return false;
	}
	return true;
}

struct regex *regex_create(const char *pattern, bool is_caseless, struct err *err)
{
	if (!shared_take()) {
		err_set(err, "no memory");
		return NULL;
	}
	struct regex *re = calloc(1, sizeof(*re));
	if (re == NULL || (re->pattern = strdup(pattern)) == NULL) {
		err_set(err, "no memory");
		free(re);
		shared_put();
		return NULL;
	}
	int code;
	size_t offset;
	re->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		is_caseless ? PCRE2_CASELESS : 0, &code, &offset, NULL);
	if (re->code == NULL) {
		explain(err, pattern, code, offset);
		regex_destroy(re);
		return NULL;
	}
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &re->groups);
	if (!are_names_told(re, err)) {
		regex_destroy(re);
		return NULL;
	}
	/* Where it cannot be compiled further it is interpreted. */
	(void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
	return re;
}

void regex_destroy(struct regex *re)
{
	if (re == NULL)
		return;
	pcre2_code_free(re->code);
	free(re->pattern);
	free(re);
	shared_put();
}

static uint32_t offset_of(PCRE2_SIZE at)
{
	return at == PCRE2_UNSET ? REGEX_UNSET : (uint32_t)at;
}

static void take_captures(const struct regex *re, struct regex_captures *ret)
{
	/* Groups after the last one that took part are set to "unset" as well. */
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(shared.result);
	ret->count = re->groups < REGEX_GROUPS ? re->groups + 1 : REGEX_GROUPS;
	for (uint32_t i = 0; i < ret->count; i++) {
		PCRE2_SIZE start = at[(size_t)2 * i], end = at[(size_t)2 * i + 1];
		/* \K in a lookahead can put the start behind the end. */
		ret->at[i].start = offset_of(start == PCRE2_UNSET || start < end ? start : end);
		ret->at[i].end = offset_of(end);
	}
}

int regex_match(const struct regex *re, struct slice subject, struct regex_captures *ret)
{
	ensure(subject.n < UINT32_MAX);
	PCRE2_SPTR p = subject.n == 0 ? (PCRE2_SPTR) "" : (PCRE2_SPTR)subject.p;
	int code = pcre2_match(re->code, p, subject.n, 0, 0, shared.result, shared.limits);
	if (code >= 0) {
		if (ret != NULL)
			take_captures(re, ret);
		return 1;
	}
	switch (code) {
	case PCRE2_ERROR_NOMATCH:
		return 0;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_JIT_STACKLIMIT:
		return -EOVERFLOW;
	case PCRE2_ERROR_NOMEMORY:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

const char *regex_pattern(const struct regex *re)
{
	return re->pattern;
}

uint32_t regex_group_count(const struct regex *re)
{
	return re->groups;
}

uint32_t regex_name_count(const struct regex *re)
{
	uint32_t count = 0;
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &count);
	return count;
}
