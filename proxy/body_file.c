#include "proxy/body_file.h"

#include "proxy/web.h"
#include "proxy/web_log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define MEMORY_LEAST 1024 /* so that a setting of 0 does not write octet by octet */

uint64_t body_file_held(const struct exchange *x)
{
	return buf_waiting(&x->body) + (x->body_file == NULL ? 0 : x->body_file->part.n);
}

size_t body_file_memory(const struct exchange *x)
{
	if (x->web == NULL || exchange_is_handled(x))
		return SIZE_MAX;
	uint64_t most = x->web->loc->client_body_buffer_size;
	return (size_t)(most < MEMORY_LEAST ? MEMORY_LEAST : most);
}

static int open_file(struct exchange *x)
{
	char path[TEMP_PATH_ROOM];
	const struct conf_loc *loc = x->web->loc;
	const struct conf_temp_path *where = &loc->client_body_temp_path;
	struct temp_folder folder = {.path = where->path};
	memcpy(folder.levels, where->levels, sizeof(folder.levels));
	bool is_named = loc->client_body_in_file_only != CONF_OFF;
	struct body_file *file = arena_zero(&x->arena, sizeof(*file));
	if (file == NULL)
		return -ENOMEM;
	int fd = is_named ? temp_file_open_named(&folder, path) : temp_file_open(&folder);
	if (fd < 0) {
		web_log(x, LOG_CRIT, -fd, NULL, "a temporary file in \"%s\" cannot be made",
			where->path);
		return fd;
	}
	*file = (struct body_file){
		.fd = fd, .part.fd = fd, .is_kept = loc->client_body_in_file_only == CONF_ON};
	file->is_named = is_named;
	x->body_file = file;
	/* Without a name it can be opened all the same, while we have it. */
	if (!is_named)
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	file->path = arena_copy(&x->arena, path, strlen(path));
	if (file->path == NULL) {
		if (is_named)
			(void)unlink(path);
		return -ENOMEM;
	}
	web_log(x, LOG_WARN, 0, NULL, "a client request body is buffered to a temporary file %s",
		path);
	return 0;
}

int body_file_take(struct exchange *x)
{
	size_t n;
	int rc = x->body_file == NULL ? open_file(x) : 0;
	if (rc != 0)
		return rc;
	struct body_file *file = x->body_file;
	struct slice body = buf_slice(&x->body);
	if (body.n != 0)
		rc = temp_file_write(file->fd, file->part.n, body.p, body.n, &n);
	if (rc != 0) {
		web_log(x, LOG_CRIT, -rc, NULL, "pwrite() of a request's body failed");
		return rc;
	}
	file->part.n += body.n;
	buf_consume(&x->body, body.n);
	return 0;
}

bool body_file_wants_rest(const struct exchange *x)
{
	if (x->web == NULL || exchange_is_handled(x) || x->hold_most == 0)
		return false;
	return x->body_file != NULL || x->web->loc->client_body_in_file_only != CONF_OFF;
}

void body_file_finish(struct exchange *x)
{
	struct body_file *file = x->body_file;
	x->body_file = NULL;
	if (file == NULL)
		return;
	temp_file_close(file->fd);
	if (file->path != NULL && file->is_named && !file->is_kept)
		(void)unlink(file->path);
}
