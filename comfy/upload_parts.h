/*
 * comfy/upload_parts.h - between comfy/upload.c, which reads an upload, and comfy/upload_mask.c.
 */
#ifndef COMFY_UPLOAD_PARTS_H
#define COMFY_UPLOAD_PARTS_H

#include "comfy/multipart.h"
#include "comfy/route.h"
#include "comfy/supply.h"
#include "comfy/upload_body.h"

#define UPLOAD_FIELD_MOST 4096

enum upload_field {
	UPLOAD_TYPE,
	UPLOAD_SUBFOLDER,
	UPLOAD_OVERWRITE,
	UPLOAD_ORIGINAL_REF,
	UPLOAD_FIELDS,
	UPLOAD_IMAGE, /* the file's octets */
	UPLOAD_NONE   /* nobody wants it */
};

struct upload_text {
	bool is_there;
	size_t n;
	char text[UPLOAD_FIELD_MOST + 1];
};

struct upload_mask;

struct upload {
	struct route_state state;
	struct fleet *fleet;
	struct exchange *x; /* borrowed: on_gone comes before it goes */
	bool is_mask, has_image;
	int status; /* 0, or what to answer; `type` and `why` with it */
	const char *type, *why;
	struct multipart *multipart; /* owned */
	uint64_t most_bytes;         /* of the file */
	struct spool_write *write;   /* owned; NULL before the file came and after it has a name */
	enum upload_field field;     /* of the part that is being read */
	struct upload_text *texts;   /* owned, [UPLOAD_FIELDS] */
	char filename[MULTIPART_NAME_MOST + 1];
	struct upload_mask *mask; /* owned by upload_mask.c */
};

/* What is wanted of the spool, from the fields. False: they are not fit, a refusal is set. */
bool upload_want(struct upload *upload, struct spool_want *ret_want);
void upload_fail(struct upload *upload, int status, const char *type, const char *why);
/* From an errno of the spool. */
void upload_fail_disk(struct upload *upload, int error);
/* Ends the upload with its refusal, or with a worker's answer; it is gone then. */
void upload_refuse(struct upload *upload);
void upload_answer(struct upload *upload, struct blob *json); /* takes the reference */
void upload_destroy(struct upload *upload);

/* All of a mask was read. Ends the upload, now or later. */
void upload_mask_begin(struct upload *upload, const struct spool_want *want);
void upload_mask_destroy(struct upload_mask *mask); /* takes NULL */

#endif
