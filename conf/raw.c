#include "conf/raw.h"

const char *conf_raw_kind_name(enum conf_raw_kind kind)
{
	static const char *const name[] = {
		[CONF_RAW_BOOL] = "true or false",
		[CONF_RAW_INT] = "a whole number",
		[CONF_RAW_FLOAT] = "a fraction",
		[CONF_RAW_TEXT] = "a string",
		[CONF_RAW_GROUP] = "a group",
		[CONF_RAW_LIST] = "a list",
	};
	return name[kind];
}

const struct conf_raw *conf_raw_member(const struct conf_raw *group, const char *name)
{
	if (group == NULL || group->kind != CONF_RAW_GROUP)
		return NULL;
	for (uint32_t i = 0; i < group->count; i++) {
		if (strcmp(group->u.members[i].name, name) == 0)
			return &group->u.members[i];
	}
	return NULL;
}
