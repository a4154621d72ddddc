/*
 * http/status.h - reason phrases (RFC 9110 section 15, RFC 6585).
 */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/* "Not Found"; "Unknown" for a code that has none. */
const char *http_status_reason(int code);

#endif
