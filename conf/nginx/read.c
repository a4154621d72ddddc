#include "conf/nginx/read.h"

#include "conf/keys.h"
#include "conf/load.h"
#include "conf/nginx/table.h"
#include "conf/schema.h"

static bool find_folders(struct ngx_build *b, const char *file)
{
	b->conf_prefix = conf_path_beside(b->arena, file, "");
	b->prefix = b->rules != NULL && b->rules->prefix != NULL ? b->rules->prefix : NGX_PREFIX;
	return b->conf_prefix != NULL;
}

struct conf *ngx_read(struct arena *arena, const struct ngx_tree *parsed, const char *file,
	const struct conf_rules *rules, struct conf_problems *problems)
{
	struct ngx_build b = {.arena = arena, .problems = problems, .rules = rules};
	b.conf = arena_zero(arena, sizeof(*b.conf));
	b.web = arena_zero(arena, sizeof(*b.web));
	b.vars = conf_vars_create(arena);
	if (b.conf == NULL || b.web == NULL || b.vars == NULL || !find_folders(&b, file))
		return NULL;
	conf_keys_preset(&conf_group_root, b.conf);
	b.conf->file = file;
	b.conf->nginx_files = parsed->files;
	b.web->prefix = b.prefix;
	b.web->conf_prefix = b.conf_prefix;
	if (!ngx_build_conf(&b, parsed) && problems->count == 0)
		(void)ngx_no_memory(&b);
	return b.conf;
}
