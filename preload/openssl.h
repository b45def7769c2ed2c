// What libssl and libcrypto declare, as far as it is used here: the same in 1.1 and in 3. Nothing of the program's
// libraries is linked; real.h has the addresses of their functions.
#ifndef SSA_OPENSSL_H
#define SSA_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_cipher_st SSL_CIPHER;
typedef struct ssl_session_st SSL_SESSION;
typedef struct bio_st BIO;
typedef struct bio_method_st BIO_METHOD;
typedef struct x509_st X509;
typedef struct x509_store_st X509_STORE;
typedef struct x509_store_ctx_st X509_STORE_CTX;
typedef struct x509_object_st X509_OBJECT;
typedef struct X509_VERIFY_PARAM_st X509_VERIFY_PARAM;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_cipher_st EVP_CIPHER;
typedef struct stack_st OPENSSL_STACK;
typedef struct crypto_ex_data_st CRYPTO_EX_DATA;

typedef int pem_password_cb(char *buf, int size, int rwflag, void *userdata);
typedef void ex_free_cb(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp);
typedef int cert_cb(SSL *ssl, void *arg);
typedef int verify_cb(int preverified, X509_STORE_CTX *ctx);
typedef int app_verify_cb(X509_STORE_CTX *ctx, void *arg);
typedef int alpn_select_cb(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
			   unsigned inlen, void *arg);
typedef int client_cert_cb(SSL *ssl, X509 **cert, EVP_PKEY **key);
typedef void info_cb(const SSL *ssl, int where, int ret);

enum {
	SSL_ERROR_NONE = 0,
	SSL_ERROR_SSL = 1,
	SSL_ERROR_WANT_READ = 2,
	SSL_ERROR_WANT_WRITE = 3,
	SSL_ERROR_WANT_X509_LOOKUP = 4,
	SSL_ERROR_SYSCALL = 5,
	SSL_ERROR_ZERO_RETURN = 6,
	SSL_ERROR_WANT_CONNECT = 7,
	SSL_ERROR_WANT_ACCEPT = 8,
};

enum {
	SSL_CTRL_MODE = 33,
	SSL_CTRL_GET_EXTRA_CHAIN_CERTS = 82,
	SSL_CTRL_GET_CHAIN_CERTS = 115,
	SSL_CTRL_SELECT_CURRENT_CERT = 116,
	SSL_CTRL_SET_CURRENT_CERT = 117,
	SSL_CTRL_GET_MIN_PROTO_VERSION = 130,
	SSL_CTRL_GET_MAX_PROTO_VERSION = 131,
	SSL_CTRL_GET_VERIFY_CERT_STORE = 137,
	SSL_CERT_SET_FIRST = 1,
	SSL_CERT_SET_NEXT = 2,
	SSL_MODE_ENABLE_PARTIAL_WRITE = 1,
	SSL_SENT_SHUTDOWN = 1,
	SSL_RECEIVED_SHUTDOWN = 2,
	SSL_VERIFY_PEER = 1,
	SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2,
	SSL_CB_HANDSHAKE_DONE = 0x20,
	TLS_ST_BEFORE = 0,
	TLS_ST_OK = 1,
};

enum {
	SSL_OP_NO_TLSv1 = 1 << 26,
	SSL_OP_NO_TLSv1_2 = 1 << 27,
	SSL_OP_NO_TLSv1_1 = 1 << 28,
	SSL_OP_NO_TLSv1_3 = 1 << 29,
};

enum {
	BIO_TYPE_MEM = 1 | 0x0400,
	BIO_TYPE_SSL = 7 | 0x0200,
	BIO_TYPE_CONNECT = 12 | 0x0400 | 0x0100,
	BIO_TYPE_PAIR = 19 | 0x0400,
	BIO_TYPE_DESCRIPTOR = 0x0100,
	BIO_CTRL_RESET = 1,
	BIO_CTRL_INFO = 3,
	BIO_CTRL_PUSH = 6,
	BIO_CTRL_POP = 7,
	BIO_CTRL_GET_CLOSE = 8,
	BIO_CTRL_SET_CLOSE = 9,
	BIO_CTRL_PENDING = 10,
	BIO_CTRL_FLUSH = 11,
	BIO_CTRL_WPENDING = 13,
	BIO_CTRL_DUP = 12,
	BIO_C_SET_NBIO = 102,
	BIO_C_DO_STATE_MACHINE = 101,
	BIO_C_GET_FD = 105,
	BIO_C_SET_SSL = 109,
	BIO_C_GET_SSL = 110,
	BIO_C_SSL_MODE = 119,
	BIO_FLAGS_READ = 1,
	BIO_FLAGS_WRITE = 2,
	BIO_FLAGS_IO_SPECIAL = 4,
	BIO_FLAGS_SHOULD_RETRY = 8,
	BIO_RR_SSL_X509_LOOKUP = 1,
	BIO_RR_CONNECT = 2,
};

enum {
	CRYPTO_EX_INDEX_SSL = 0,
	CRYPTO_EX_INDEX_SSL_CTX = 1,
	CRYPTO_EX_INDEX_X509_STORE = 4,
	CRYPTO_EX_INDEX_EVP_PKEY = 17,
	ERR_LIB_SSL = 20,
	SSL_R_CERTIFICATE_VERIFY_FAILED = 134,
	X509_LU_X509 = 1,
	X509_V_OK = 0,
	X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20,
	X509_V_ERR_CERT_HAS_EXPIRED = 10,
	X509_V_ERR_CERT_REVOKED = 23,
	X509_V_ERR_APPLICATION_VERIFICATION = 50,
	X509_V_ERR_HOSTNAME_MISMATCH = 62,
	X509_V_FLAG_PARTIAL_CHAIN = 0x80000,
	TLS1_2_VERSION = 0x0303,
	TLS1_3_VERSION = 0x0304,
};

#endif
