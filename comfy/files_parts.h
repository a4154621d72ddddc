/*
 * comfy/files_parts.h - between comfy/files.c and comfy/files_json.c.
 */
#ifndef COMFY_FILES_PARTS_H
#define COMFY_FILES_PARTS_H

#include "comfy/files.h"

/* What that worker has under the name is shown to clients with its tag. */
bool files_is_tagged(const struct files *files, const struct file_name *name, const char *node_id);

#endif
