#include "app.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* What tools look for: versions as nginx prints them, and which of its modules there are. nginx's
 * version is that of the language that we read, so that they know what they may write. */
static void print_version(void)
{
	(void)fprintf(stderr, "comfymux version: comfymux/%s\n", COMFYMUX_VERSION);
	(void)fprintf(stderr, "nginx version: nginx/1.22.1 (the configuration language)\n");
}

static void print_versions(void)
{
	print_version();
	(void)fprintf(stderr, "built with OpenSSL %s\n", COMFYMUX_OPENSSL);
	(void)fprintf(stderr, "TLS SNI support enabled\n");
	(void)fprintf(stderr, "libraries: %s; running with libevent %s\n", COMFYMUX_LIBRARIES,
		event_get_version());
	(void)fprintf(stderr, "build options: %s\n", COMFYMUX_OPTIONS);
	(void)fprintf(stderr, "configure arguments: --prefix=/usr/share/nginx "
			      "--conf-path=" COMMAND_LINE_FILE " --error-log-path=stderr "
			      "--pid-path=/run/nginx.pid --http-log-path=/var/log/nginx/access.log "
			      "--with-http_ssl_module --with-http_realip_module "
			      "--with-http_stub_status_module --with-http_auth_request_module "
			      "--with-http_gzip_static_module --with-http_gunzip_module "
			      "--without-http_ssi_module "
			      "--without-http_charset_module --without-http_userid_module "
			      "--without-http_mirror_module --without-http_referer_module "
			      "--without-http_fastcgi_module --without-http_uwsgi_module "
			      "--without-http_scgi_module --without-http_grpc_module "
			      "--without-http_memcached_module --without-http_empty_gif_module "
			      "--without-http_browser_module --without-http-cache "
			      "--without-http_tunnel_module\n");
}

int main(int argc, char **argv)
{
	struct command_line line;
	struct err err;

	/* Who reads us may be gone, a file may be as large as it is allowed to be: both are errors
	 * of one write, and no reason to end. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (command_line_parse(&line, argc, argv, &err) != 0) {
		/* One line for programs, as nginx has it; the rest is for people. */
		(void)fprintf(stderr, "comfymux: %s\n", err.text);
		if (isatty(STDERR_FILENO))
			(void)fputs(command_line_usage, stderr);
		return APP_FAILED;
	}
	switch (line.command) {
	case COMMAND_SERVE:
		return app_serve(&line, argv);
	case COMMAND_CHECK:
		return app_check(&line, false);
	case COMMAND_DUMP:
		return app_check(&line, true);
	case COMMAND_VERSION:
		print_version();
		break;
	case COMMAND_VERSIONS:
		print_versions();
		break;
	case COMMAND_HELP:
		(void)fputs(command_line_usage, stderr);
		break;
	case COMMAND_SIGNAL:
		return app_signal(&line);
	case COMMAND_NATIVE:
		return app_nginx_native(&line);
	}
	return APP_OK;
}
