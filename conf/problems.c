#include "conf/conf.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_ROOM 1024 /* a problem's text is cut there */

void conf_problems_init(struct conf_problems *problems)
{
	*problems = (struct conf_problems){0};
	arena_init(&problems->arena, 4096);
}

void conf_problems_finish(struct conf_problems *problems)
{
	arena_finish(&problems->arena);
	problems->first = problems->recent = NULL;
	problems->count = 0;
}

static bool is_after(const struct conf_problem *one, const struct conf_problem *other)
{
	int order = strcmp(one->file, other->file);
	return order > 0 || (order == 0 && one->line > other->line);
}

/* Behind all that do not come after it. A pass over a tree finds its problems from top to bottom,
 * so the search starts at the newest one and takes few steps. */
static void insert(struct conf_problems *problems, struct conf_problem *problem)
{
	struct conf_problem **link = &problems->first;
	if (problems->recent != NULL && !is_after(problems->recent, problem))
		link = &problems->recent->next;
	while (*link != NULL && !is_after(*link, problem))
		link = &(*link)->next;
	problem->next = *link;
	*link = problem;
	problems->recent = problem;
}

void conf_problem_add(
	struct conf_problems *problems, const char *file, unsigned line, const char *format, ...)
{
	char text[TEXT_ROOM];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* What a file says may be quoted here, and a problem is one line. */
	for (char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}

	problems->count++;
	if (file == NULL)
		file = "";
	struct conf_problem *problem = arena_zero(&problems->arena, sizeof(*problem));
	if (problem == NULL)
		return;
	problem->line = line;
	problem->text = arena_copy(&problems->arena, text, strlen(text));
	if (problems->recent != NULL && strcmp(problems->recent->file, file) == 0)
		problem->file = problems->recent->file;
	else
		problem->file = arena_copy(&problems->arena, file, strlen(file));
	if (problem->text != NULL && problem->file != NULL)
		insert(problems, problem);
}
