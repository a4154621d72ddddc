/*
 * comfy/upload_body.h - POST /upload/image and /upload/mask as we send them to a worker. Pure.
 *
 *   overwrite=true, type, subfolder, [original_ref], image; filename=name
 *   '------------ head ------------------------------' octets '- tail -'
 */
#ifndef COMFY_UPLOAD_BODY_H
#define COMFY_UPLOAD_BODY_H

#include "base/text.h"

#define UPLOAD_BOUNDARY_CHARS 40

struct upload_body {
	char boundary[UPLOAD_BOUNDARY_CHARS + 1];
	char fields[128]; /* the Content-Type line, with its CRLF */
	struct text head, tail;
};

/* original_ref: NULL for an image. False: no memory, or no randomness; nothing is to be finished
 * then. */
bool upload_body_init(struct upload_body *body, const char *type, const char *subfolder,
	const char *name, const char *original_ref) MUST_CHECK;
void upload_body_finish(struct upload_body *body);

#endif
