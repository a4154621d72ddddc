#include "proxy/web.h"

enum step web_file(struct exchange *x)
{
	return web_answer(x, 404, false);
}
