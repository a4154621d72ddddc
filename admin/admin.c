#include "admin/admin.h"

#include "admin/http.h"
#include "admin/json_pages.h"
#include "admin/metrics.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct admin {
	struct admin_http *http; /* owned */
	const struct reload_status *status;
	struct addr addr; /* where it listens */
	char *dump;       /* owned: the configuration of that generation, once asked for */
	uint64_t dump_number;
};

/* The one there is: libevhtp's callbacks know the page's path, and no more is needed. */
static struct admin *admin;

/* -- pages -- */

/* Made once per generation, because it is the slowest page of all. */
static void answer_config(struct page *page)
{
	const struct generation *generation = proxy_generation();
	if (generation != NULL &&
		(admin->dump == NULL || admin->dump_number != generation->number)) {
		free(admin->dump);
		admin->dump = conf_dump(generation->conf);
		admin->dump_number = generation->number;
	}
	if (admin->dump == NULL)
		page->body.is_short = true;
	else
		text_puts(&page->body, admin->dump);
}

static void answer_metrics(struct page *page)
{
	/* What the last page needed, the next one will: so it does not move while it grows. */
	static size_t room = 65536;
	page->type = METRICS_TYPE;
	text_init(&page->body, room);
	metrics_page(&page->body, admin->status, proxy_generation());
	if (page->body.n > room)
		room = page->body.n + page->body.n / 8;
}

static void answer_nodes(struct page *page)
{
	nodes_json(&page->body, proxy_generation(), false);
}

static void answer_nodes_v2(struct page *page)
{
	nodes_json(&page->body, proxy_generation(), true);
}

static void answer_health(struct page *page)
{
	if (!health_json(&page->body, proxy_generation(), admin->status))
		page->status = 503;
}

static const struct {
	const char *path;
	void (*answer)(struct page *page);
} pages[] = {
	{"/metrics", answer_metrics},
	{"/nodes", answer_nodes},
	{"/api/v2/nodes", answer_nodes_v2},
	{"/api/v2/health", answer_health},
	{"/api/v2/config", answer_config},
};

static void answer(struct page *page, struct slice path)
{
	for (size_t i = 0; i < COUNT_OF(pages); i++) {
		if (slice_is(path, slice_of(pages[i].path))) {
			pages[i].answer(page);
			return;
		}
	}
	page->status = 404;
}

/* -- the socket -- */

/* One that a crash left behind; a living one is not taken away from its owner. */
static int remove_stale(const struct addr *listen)
{
	struct stat is;
	if (lstat(listen->u.un.sun_path, &is) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(is.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = connect(fd, &listen->u.any, listen->len) == 0 || errno != ECONNREFUSED
			 ? -EADDRINUSE
			 : 0;
	(void)close(fd);
	if (rc == 0 && unlink(listen->u.un.sun_path) != 0)
		rc = -errno;
	return rc;
}

/* The socket's file is born closed to everybody, and opened to the group before it listens. */
static int bind_unix(int fd, const struct addr *listen)
{
	int rc = remove_stale(listen);
	if (rc != 0)
		return rc;
	mode_t before = umask(0777);
	rc = bind(fd, &listen->u.any, listen->len) != 0 ? -errno : 0;
	(void)umask(before);
	if (rc == 0 && chmod(listen->u.un.sun_path, 0660) != 0)
		rc = -errno;
	return rc;
}

static int bind_ip(int fd, const struct addr *listen)
{
	int on = 1;
	bool is_set = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		      (listen->u.any.sa_family != AF_INET6 ||
			      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0);
	return !is_set || bind(fd, &listen->u.any, listen->len) != 0 ? -errno : 0;
}

/* A bound socket, not listening yet, or -errno. */
static int make_socket(const struct addr *listen, struct addr *ret_addr)
{
	bool is_unix = listen->u.any.sa_family == AF_UNIX;
	int fd = socket(listen->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = is_unix ? bind_unix(fd, listen) : bind_ip(fd, listen);
	*ret_addr = *listen;
	if (rc == 0 && !is_unix && getsockname(fd, &ret_addr->u.any, &ret_addr->len) != 0)
		rc = -errno;
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

int admin_start(struct admin **ret_admin, const struct addr *listen,
	const struct reload_status *status, struct addr *ret_addr, struct err *err)
{
	char text[ADDR_TEXT];
	struct addr bound = {0};
	addr_format(listen, text);
	ensure(admin == NULL);
	if (!addr_is_loopback(listen)) {
		err_set(err, "admin.listen %s: only loopback addresses and unix sockets", text);
		return -EINVAL;
	}
	struct admin *made = calloc(1, sizeof(*made));
	int rc = made == NULL ? -ENOMEM : make_socket(listen, &bound);
	if (rc >= 0) {
		made->status = status;
		made->addr = bound;
		rc = admin_http_start(&made->http, rc, answer);
		if (rc != 0 && listen->u.any.sa_family == AF_UNIX)
			(void)unlink(listen->u.un.sun_path);
	}
	if (rc != 0) {
		err_set(err, "admin.listen %s: %s", text, strerrordesc_np(-rc));
		free(made);
		return rc;
	}
	admin = made;
	*ret_admin = made;
	*ret_addr = bound;
	return 0;
}

void admin_stop(struct admin *stopped)
{
	if (stopped == NULL)
		return;
	admin_http_stop(stopped->http);
	if (stopped->addr.u.any.sa_family == AF_UNIX)
		(void)unlink(stopped->addr.u.un.sun_path);
	free(stopped->dump);
	free(stopped);
	admin = NULL;
}
