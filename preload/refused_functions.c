// Takes the place of the functions that cannot be served. What they set is set, in the program's own library; the
// connection that would need it fails, unless the profile says "best-effort".
#include "refused_functions.h"

#include "conn.h"
#include "export.h"
#include "mode.h"
#include "real.h"
#include "refused.h"

// function is any of them: their arguments are pointers and integers, at most eight, which all calling conventions here pass
// alike.
typedef long function(void *, long, long, long, long, long, long, long);

#define NAME(name) #name "\0"
#define NAME_OF_CALL(name, result) NAME(name)

// The names, for `ssa coerce check`.
__attribute__((used, section("ssa_refused"))) static const char refused_names[] =
    CONTEXT_SETTERS(NAME) CONNECTION_SETTERS(NAME) CALLS(NAME_OF_CALL);
__attribute__((used, section("ssa_ineffective"))) static const char ineffective_names[] = INEFFECTIVE(NAME);

static function *real_function(const char *name)
{
	return (function *)real_by_name(name);
}

#define CONTEXT_SETTER(name)                                                                                           \
	EXPORT long name(SSL_CTX *ctx, long a, long b, long c, long d, long e, long f, long g) \
	{                                                                                                              \
		struct context *x = context_of(ctx);                                                                   \
		if (x && a)                                                                                            \
			x->unserved = #name;                                                                           \
		return real_function(#name)(ctx, a, b, c, d, e, f, g);                                                       \
	}

#define CONNECTION_SETTER(name)                                                                                        \
	EXPORT long name(SSL *ssl, long a, long b, long c, long d, long e, long f, long g) \
	{                                                                                                              \
		struct conn *k = conn_of(ssl);                                                                         \
		if (k && a)                                                                                            \
			k->unserved = #name;                                                                           \
		return real_function(#name)(ssl, a, b, c, d, e, f, g);                                                       \
	}

#define CALL(name, result)                                                                                             \
	EXPORT long name(SSL *ssl, long a, long b, long c, long d, long e, long f, long g) \
	{                                                                                                              \
		if (!coerced())                                                                                        \
			return real_function(#name)(ssl, a, b, c, d, e, f, g);                                               \
		refused(#name);                                                                                        \
		return result;                                                                                         \
	}

CONTEXT_SETTERS(CONTEXT_SETTER)
CONNECTION_SETTERS(CONNECTION_SETTER)
CALLS(CALL)
