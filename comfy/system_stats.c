#include "comfy/comfy.h"

#include <jansson.h>
#include <stdio.h>

static uint64_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (json_is_real(value)) {
		double real = json_real_value(value);
		return real > 0 && real < 9e18 ? (uint64_t)real : 0;
	}
	json_int_t integer = json_integer_value(value);
	return integer > 0 ? (uint64_t)integer : 0;
}

/* Control characters would end up in logs and pages: one of them ends the text. */
static void copy_text(char *out, size_t room, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t n = 0;
	for (; text != NULL && n + 1 < room && (unsigned char)text[n] >= 0x20; n++)
		out[n] = text[n];
	/* Not in the middle of a character, where it was cut. */
	if (text != NULL && n + 1 == room)
		while (n != 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	out[n] = '\0';
}

static void read_devices(struct backend_report *report, const json_t *devices)
{
	size_t i;
	const json_t *device;
	json_array_foreach(devices, i, device)
	{
		report->vram_total += number_of(device, "vram_total");
		report->vram_free += number_of(device, "vram_free");
		if (report->device[0] == '\0')
			copy_text(report->device, sizeof(report->device),
				json_object_get(device, "name"));
	}
}

bool comfy_read_system_stats(struct slice body, struct backend_report *report)
{
	struct backend_report fresh = {0};
	json_t *root = json_loadb(body.p, body.n, 0, NULL);
	const json_t *system = json_object_get(root, "system");
	const json_t *devices = json_object_get(root, "devices");
	bool is_comfy = json_is_object(system) || json_is_array(devices);
	if (is_comfy) {
		fresh.ram_total = number_of(system, "ram_total");
		fresh.ram_free = number_of(system, "ram_free");
		copy_text(fresh.version, sizeof(fresh.version),
			json_object_get(system, "comfyui_version"));
		read_devices(&fresh, devices);
		*report = fresh;
	}
	json_decref(root);
	return is_comfy;
}
