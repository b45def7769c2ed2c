// Takes the place of the functions that cannot be served. What they set is set, in the program's own library; the
// connection that would need it fails, unless the profile says "best-effort".
#include "refused_functions.h"

#include "../export.h"
#include "../refused.h"
#include "conn.h"
#include "real.h"

// function is any of them: their arguments are pointers and integers, at most seven, which all calling conventions here pass
// alike.
typedef long function(void *, long, long, long, long, long, long);

#define NAME(name) #name "\0"
#define NAME_OF_CALL(name, result) NAME(name)

// The names, for `ssa coerce check`.
__attribute__((used, section("ssa_refused"))) static const char refused_names[] =
    CREDENTIALS_SETTERS(NAME) SESSION_SETTERS(NAME) CALLS(NAME_OF_CALL);
__attribute__((used, section("ssa_ineffective"))) static const char ineffective_names[] = INEFFECTIVE(NAME);

static function *real_function(const char *name)
{
	return (function *)real_by_name(name);
}

#define CREDENTIALS_SETTER(name)                                                                                       \
	EXPORT long name(credentials_t cred, long a, long b, long c, long d, long e, long f)                           \
	{                                                                                                              \
		struct credentials *k = credentials_of(cred);                                                          \
		if (k && a)                                                                                            \
			k->unserved = #name;                                                                           \
		return real_function(#name)(cred, a, b, c, d, e, f);                                                   \
	}

#define SESSION_SETTER(name)                                                                                           \
	EXPORT long name(session_t session, long a, long b, long c, long d, long e, long f)                            \
	{                                                                                                              \
		struct conn *k = conn_of(session);                                                                     \
		if (k && a)                                                                                            \
			k->unserved = #name;                                                                           \
		return real_function(#name)(session, a, b, c, d, e, f);                                                \
	}

#define CALL(name, result)                                                                                             \
	EXPORT long name(session_t session, long a, long b, long c, long d, long e, long f)                            \
	{                                                                                                              \
		if (!conn_of(session))                                                                                 \
			return real_function(#name)(session, a, b, c, d, e, f);                                        \
		refused(#name);                                                                                        \
		return result;                                                                                         \
	}

CREDENTIALS_SETTERS(CREDENTIALS_SETTER)
SESSION_SETTERS(SESSION_SETTER)
CALLS(CALL)
