// The program's priorities: which versions and cipher suites it allows. Its default is no wish; the policy decides.
#include <errno.h>
#include <string.h>

#include "../export.h"
#include "../mode.h"
#include "../ssa_option.h"
#include "../suite_list.h"
#include "failure.h"
#include "real.h"
#include "request.h"
#include "suites.h"

enum { LOWEST = 0x0301, HIGHEST = 0x0304 };

static void wish_versions(struct wishes *w, priority_t p)
{
	const unsigned *list;
	int n = real()->priority_protocol_list(p, &list);
	for (int i = 0; i < n; i++)
		if (list[i] >= GNUTLS_TLS1_0 && list[i] <= GNUTLS_TLS1_3)
			w->versions |= 1u << (list[i] - GNUTLS_TLS1_0);
}

static void wish_suites(struct wishes *w, priority_t p)
{
	unsigned char id[2];
	unsigned index;
	for (unsigned i = 0; w->nsuites < SUITES_MAX; i++) {
		int result = real()->priority_get_cipher_suite_index(p, i, &index);
		if (result == E_REQUESTED_DATA_NOT_AVAILABLE)
			return;
		if (result == 0 && real()->cipher_suite_info(index, id, NULL, NULL, NULL, NULL))
			w->suites[w->nsuites++] = (uint16_t)(id[0] << 8 | id[1]);
	}
}

static void wish(session_t session, priority_t p)
{
	struct conn *c = conn_of(session);
	if (!c)
		return;
	struct wishes w = {.set = 1};
	wish_versions(&w, p);
	wish_suites(&w, p);
	c->wishes = w;
}

static int among(const void *program, const char *name)
{
	const struct wishes *w = program;
	uint16_t number = suite_number(name);
	for (int i = 0; i < w->nsuites; i++)
		if (w->suites[i] == number)
			return 1;
	return number == 0; // the program cannot have left out what is newer than its library
}

int request_ciphers(session_t session, struct conn *c)
{
	char list[SUITE_LIST_MAX];
	(void)session;
	if (!c->wishes.set)
		return 0;
	option_text(c->fd, TLS_TRUSTED_CIPHERS, list, sizeof list);
	if (!*list || !suite_list_narrow(list, among, &c->wishes))
		return 0;
	if (!*list)
		return fail(c, "the program allows none of the cipher suites that the policy does");
	if (option_set(c->fd, TLS_TRUSTED_CIPHERS, list, strlen(list)) == 0 || (errno == EOPNOTSUPP && best_effort()))
		return 0;
	return fail_socket(c, "TLS_TRUSTED_CIPHERS", errno);
}

// request_versions asks for the program's bounds. Those wider than the policy's are no request.
int request_versions(session_t session, struct conn *c)
{
	int min = LOWEST, max = HIGHEST;
	(void)session;
	if (!c->wishes.set)
		return 0;
	while (min <= HIGHEST && !(c->wishes.versions & 1u << (min - LOWEST)))
		min++;
	while (max >= min && !(c->wishes.versions & 1u << (max - LOWEST)))
		max--;
	if (min > max)
		return fail(c, "the program allows no version of TLS");
	if (option_set_int(c->fd, TLS_VERSION_MIN, min) < 0 && errno != EPERM)
		return fail_socket(c, "TLS_VERSION_MIN", errno);
	if (max == HIGHEST || option_set_int(c->fd, TLS_VERSION_MAX, max) == 0)
		return 0;
	int error = errno;
	if (error == EPERM && option_int(c->fd, TLS_VERSION_MIN, max + 1) <= max)
		return 0; // the policy's is lower still
	return fail_socket(c, "TLS_VERSION_MAX", error);
}

EXPORT int gnutls_priority_set(session_t session, priority_t p)
{
	int result = real()->priority_set(session, p);
	if (result == 0 && p)
		wish(session, p);
	return result;
}

EXPORT int gnutls_priority_set_direct(session_t session, const char *words, const char **bad)
{
	priority_t p;
	int result = real()->priority_set_direct(session, words, bad);
	if (result == 0 && conn_of(session) && real()->priority_init(&p, words, NULL) == 0) {
		wish(session, p);
		real()->priority_deinit(p);
	}
	return result;
}

EXPORT int gnutls_set_default_priority(session_t session)
{
	struct conn *c = conn_of(session);
	int result = real()->set_default_priority(session); // which sets priorities, too
	if (c)
		c->wishes.set = 0;
	return result;
}

EXPORT int gnutls_set_default_priority_append(session_t session, const char *words, const char **bad, unsigned flags)
{
	priority_t p;
	int result = real()->set_default_priority_append(session, words, bad, flags);
	if (result == 0 && conn_of(session) && real()->priority_init2(&p, words, NULL, PRIORITY_APPEND) == 0) {
		wish(session, p);
		real()->priority_deinit(p);
	}
	return result;
}
