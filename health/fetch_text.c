/*
 * health/fetch_text.c - what fetch.h says in words.
 */
#include "health/fetch.h"

#include <errno.h>
#include <stdio.h>

bool fetch_is_our_fault(int error)
{
	switch (-error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EADDRNOTAVAIL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EIO:
		return true;
	default:
		return false;
	}
}

const char *fetch_error_text(int error)
{
	switch (-error) {
	case ETIMEDOUT:
		return "timed out";
	case ECONNREFUSED:
		return "connection refused";
	case ECONNRESET:
	case EPIPE:
		return "connection reset";
	case EHOSTUNREACH:
	case EHOSTDOWN:
		return "host unreachable";
	case ENETUNREACH:
	case ENETDOWN:
		return "network unreachable";
	case ENODATA:
		return "closed early";
	case EKEYREJECTED:
		return "TLS handshake failed";
	case EPROTO:
		return "bad answer";
	case EMSGSIZE:
		return "answer too large";
	case ENOENT:
		return "no such socket";
	case EACCES:
	case EPERM:
		return "not permitted";
	case EINVAL:
		return "bad address or path";
	case ENOMEM:
		return "out of memory";
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "no room for the file";
	case EIO:
		return "the file cannot be read";
	default:
		return "connection failed";
	}
}

void fetch_host_text(char out[FETCH_HOST_ROOM], const char *host, uint16_t port)
{
	if (strncmp(host, "unix:", 5) == 0)
		(void)snprintf(out, FETCH_HOST_ROOM, "localhost");
	else if (host[0] != '[' && strchr(host, ':') != NULL)
		(void)snprintf(out, FETCH_HOST_ROOM, "[%.253s]:%u", host, port);
	else
		(void)snprintf(out, FETCH_HOST_ROOM, "%.253s:%u", host, port);
}
