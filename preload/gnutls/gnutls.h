// What is needed of GnuTLS 3 (libgnutls.so.30): types and numbers of its ABI. None of its headers is needed to build.
#ifndef SSA_GNUTLS_H
#define SSA_GNUTLS_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

typedef struct gnutls_session *session_t;
typedef struct gnutls_credentials *credentials_t;
typedef struct gnutls_priority *priority_t;
typedef struct gnutls_trust_list *trust_list_t;
typedef struct gnutls_trust_iter *trust_iter_t;
typedef struct gnutls_crt *crt_t;
typedef struct gnutls_x509_privkey *x509_privkey_t;
typedef struct gnutls_privkey *privkey_t;
typedef struct gnutls_packet *packet_t;

typedef struct {
	unsigned char *data;
	unsigned size;
} datum_t;

// vdata_t is gnutls_typed_vdata_st.
typedef struct {
	int type;
	unsigned char *data;
	unsigned size;
} vdata_t;

// pcert_t is gnutls_pcert_st.
typedef struct {
	void *pubkey;
	datum_t cert;
	int type;
} pcert_t;

// retr2_t is gnutls_retr2_st.
typedef struct {
	int cert_type, key_type;
	crt_t *certs;
	unsigned ncerts;
	void *key;
	unsigned deinit_all;
} retr2_t;

// retr_info_t is struct gnutls_cert_retr_st.
typedef struct {
	unsigned version;
	credentials_t cred;
	const datum_t *cas;
	unsigned ncas;
	const int *algorithms;
	unsigned nalgorithms;
	unsigned char padding[64];
} retr_info_t;

typedef ssize_t pull_func(void *, void *, size_t);
typedef ssize_t push_func(void *, const void *, size_t);
typedef int pull_timeout_func(void *, unsigned);
typedef int session_func(session_t);
typedef int retrieve_func(session_t, const datum_t *, int, const int *, int, retr2_t *);
typedef int retrieve2_func(session_t, const datum_t *, int, const int *, int, pcert_t **, unsigned *, privkey_t *);
typedef int retrieve3_func(session_t, const retr_info_t *, pcert_t **, unsigned *, void **, unsigned *, privkey_t *, unsigned *);

enum {
	INIT_SERVER = 1,
	INIT_DATAGRAM = 4,
	INIT_NO_SIGNAL = 1 << 6,
	CRD_CERTIFICATE = 1,
	CRD_SRP = 3,
	CRD_PSK = 4,
	CRT_X509 = 1,
	CERT_IGNORE = 0,
	CERT_REQUIRE = 2,
	NAME_DNS = 1,
	DT_DNS_HOSTNAME = 1,
	FMT_PEM = 1,
	PKCS_PLAIN = 1,
	PRIVKEY_X509 = 0,
	PK_RSA = 1,
	PK_ECDSA = 4,
	PK_RSA_PSS = 6,
	PK_ED25519 = 7,
	KX_ECDHE_RSA = 12,
	KX_ECDHE_ECDSA = 13,
	SHUT_BOTH = 0,
	RECORD_WAIT = 1,
	AL_FATAL = 2,
	A_CLOSE_NOTIFY = 0,
	CB_SERVER_END_POINT = 1,
	DIG_MD5 = 2,
	DIG_SHA1 = 3,
	DIG_SHA256 = 6,
	PRIORITY_APPEND = 1,
	SFLAGS_SAFE_RENEGOTIATION = 1,
};

// Versions follow one another, from TLS 1.0 to TLS 1.3.
enum { GNUTLS_TLS1_0 = 2, GNUTLS_TLS1_3 = 5 };

enum {
	STATUS_INVALID = 1 << 1,
	STATUS_REVOKED = 1 << 5,
	STATUS_SIGNER_NOT_FOUND = 1 << 6,
	STATUS_EXPIRED = 1 << 10,
	STATUS_PURPOSE_MISMATCH = 1 << 18,
	STATUS_UNEXPECTED_OWNER = 1 << 14,
};

enum {
	E_SUCCESS = 0,
	E_UNEXPECTED_PACKET = -15,
	E_MEMORY_ERROR = -25,
	E_INVALID_SESSION = -10,
	E_AGAIN = -28,
	E_NO_CERTIFICATE_FOUND = -49,
	E_INVALID_REQUEST = -50,
	E_SHORT_MEMORY_BUFFER = -51,
	E_INTERRUPTED = -52,
	E_PUSH_ERROR = -53,
	E_PULL_ERROR = -54,
	E_REQUESTED_DATA_NOT_AVAILABLE = -56,
	E_INTERNAL_ERROR = -59,
	E_FILE_ERROR = -64,
	E_PREMATURE_TERMINATION = -110,
	E_CHANNEL_BINDING_NOT_AVAILABLE = -213,
	E_INSUFFICIENT_SECURITY = -217,
	E_TIMEDOUT = -319,
	E_CERTIFICATE_VERIFICATION_ERROR = -348,
	E_UNIMPLEMENTED_FEATURE = -1250,
	// E_HELD is what holds a server's handshake after its ClientHello; of the numbers for applications.
	E_HELD = -65001,
};

#endif
