#include <string.h>

#include "suite_list.h"

int suite_list_narrow(char *list, suite_allowed *allowed, const void *program)
{
	char kept[SUITE_LIST_MAX] = "", *state = NULL;
	int dropped = 0;
	for (char *name = strtok_r(list, ":", &state); name; name = strtok_r(NULL, ":", &state)) {
		if (!allowed(program, name)) {
			dropped++;
			continue;
		}
		if (*kept)
			strcat(kept, ":");
		strcat(kept, name); // a part of list, which has SUITE_LIST_MAX bytes
	}
	strcpy(list, kept);
	return dropped;
}
