#include "proxy/spill.h"

#include "proxy/stats.h"

#include <errno.h>
#include <unistd.h>

/* What one buffer can hold (base/buf.h), by far. */
#define MEMORY_MOST (UINT64_C(256) * 1024 * 1024)

void spill_init(struct spill *spill, const struct spill_limits *limits)
{
	*spill = (struct spill){.limits = limits, .fd = -1};
}

void spill_finish(struct spill *spill)
{
	buf_release(&spill->memory);
	buf_release(&spill->tail);
	temp_file_close(spill->fd);
	spill->fd = -1;
	spill->read_at = spill->write_at = 0;
}

bool spill_is_empty(const struct spill *spill)
{
	return buf_waiting(&spill->memory) == 0 && spill->read_at == spill->write_at &&
	       buf_waiting(&spill->tail) == 0;
}

static bool is_file_used(const struct spill *spill)
{
	return spill->read_at != spill->write_at || buf_waiting(&spill->tail) != 0;
}

static size_t memory_room(const struct spill *spill)
{
	uint64_t waiting = buf_waiting(&spill->memory);
	uint64_t most = min_u64(spill->limits->memory, MEMORY_MOST);
	return is_file_used(spill) || waiting >= most ? 0 : (size_t)(most - waiting);
}

size_t spill_room(const struct spill *spill)
{
	size_t memory = memory_room(spill);
	if (memory != 0)
		return memory;
	if (spill->error != 0 || spill->write_at >= spill->limits->file_most)
		return 0;
	uint64_t left = spill->limits->file_most - spill->write_at;
	return (size_t)min_u64(
		left, spill->limits->write_most != 0 ? spill->limits->write_most : SIZE_MAX);
}

static bool put_in_file(struct spill *spill, const char *p, size_t n)
{
	size_t written = 0;
	if (spill->fd < 0) {
		int fd = temp_file_open(&spill->limits->folder);
		if (fd >= 0)
			spill->fd = fd;
		else
			spill->error = fd;
	}
	if (spill->fd >= 0)
		spill->error = temp_file_write(spill->fd, spill->write_at, p, n, &written);
	spill->write_at += written;
	proxy_stats.spilled_bytes += written;
	return buf_append(&spill->tail, p + written, n - written);
}

bool spill_put(struct spill *spill, const char *p, size_t n)
{
	ensure(n <= spill_room(spill));
	return memory_room(spill) != 0 ? buf_append(&spill->memory, p, n)
				       : put_in_file(spill, p, n);
}

struct slice spill_in_memory(const struct spill *spill)
{
	if (buf_waiting(&spill->memory) != 0)
		return buf_slice(&spill->memory);
	if (spill->read_at != spill->write_at)
		return (struct slice){NULL, 0};
	return buf_slice(&spill->tail);
}

void spill_consume(struct spill *spill, size_t n)
{
	if (buf_waiting(&spill->memory) != 0) {
		buf_consume(&spill->memory, n);
		if (buf_waiting(&spill->memory) == 0)
			buf_release(&spill->memory);
		return;
	}
	if (spill->read_at == spill->write_at) {
		buf_consume(&spill->tail, n);
		return;
	}
	ensure(n <= spill->write_at - spill->read_at);
	spill->read_at += n;
	if (spill->read_at != spill->write_at)
		return;
	/* The disk gets its room back, and the next octets may lie in memory again. */
	spill->read_at = spill->write_at = 0;
	(void)!ftruncate(spill->fd, 0);
}
