/*
 * base/list.h - a ring of nodes that live inside their owners.
 *
 * A node that is in no list points at itself, so taking it out twice is legal.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/base.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *node)
{
	node->next = node->prev = node;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert_after(struct list *where, struct list *node)
{
	node->next = where->next;
	node->prev = where;
	where->next->prev = node;
	where->next = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
	list_insert_after(head, node);
}

static inline void list_push_back(struct list *head, struct list *node)
{
	list_insert_after(head->prev, node);
}

static inline void list_remove(struct list *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	list_init(node);
}

#define list_first(head, type, member) CONTAINER_OF((head)->next, type, member)
#define list_last(head, type, member) CONTAINER_OF((head)->prev, type, member)
/* A name that is declared cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define list_each(node, head)                                                                      \
	for (struct list *node = (head)->next; node != (head); node = node->next)
/* The body may remove `node`, and nothing else. */
#define list_each_safe(node, head)                                                                 \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head);          \
		node = node##_next, node##_next = node->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
