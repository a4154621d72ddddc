#include "base/freelist.h"

#include <stdlib.h>

void *freelist_take(struct freelist *list)
{
	void *object = list->first;
	if (object == NULL)
		return malloc(list->bytes);
	memcpy(&list->first, object, sizeof(list->first));
	list->count--;
	return object;
}

void freelist_give(struct freelist *list, void *object)
{
	if (list->count >= list->most) {
		free(object);
		return;
	}
	memcpy(object, &list->first, sizeof(list->first));
	list->first = object;
	list->count++;
}

void freelist_trim(struct freelist *list)
{
	while (list->first != NULL) {
		void *object = list->first;
		memcpy(&list->first, object, sizeof(list->first));
		free(object);
	}
	list->count = 0;
}
