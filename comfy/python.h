/*
 * comfy/python.h - what ComfyUI's Python would make of a JSON value: str(), repr(), int(), float().
 *
 * Its error messages are full of them, and clients show and compare those. Pure.
 */
#ifndef COMFY_PYTHON_H
#define COMFY_PYTHON_H

#include "base/text.h"
#include "comfy/json_scan.h"

/* Adds at most `most` octets, whole characters only: a value may be a picture. */
void python_str(struct text *text, struct json_value value, size_t most);
void python_repr(struct text *text, struct json_value value, size_t most);

#define PYTHON_NUMBER_ROOM 330

struct python_number {
	double value;
	char text[PYTHON_NUMBER_ROOM]; /* an int's; "" of a float: see python_number_text */
};

/* str() of it; ints beyond 300 digits as float() knows them. Dear for floats. */
const char *python_number_text(struct python_number *number);

/* int() and float(). False: they raise, and *ret_why is what the exception says (cut at 200
 * octets). */
bool python_int(struct json_value value, struct python_number *ret_number, struct text *ret_why);
bool python_float(struct json_value value, struct python_number *ret_number, struct text *ret_why);

/* Of a number: it is a float to Python. */
bool python_is_float(struct json_value value);
/* float.__repr__ */
void python_float_text(double value, char out[PYTHON_NUMBER_ROOM]);

#endif
