// The functions of the libssl and libcrypto that the program uses.
//
// real()->SSL_read is the one of the program's library, as dlsym(3) gives it. Those in the OPTIONAL lists are missing in
// some versions and may be NULL.
#ifndef SSA_REAL_H
#define SSA_REAL_H

#include "openssl.h"

#define REAL_FUNCTIONS(X)                                                                                              \
	X(int, SSL_do_handshake, (SSL *))                                                                              \
	X(int, SSL_read, (SSL *, void *, int))                                                                         \
	X(int, SSL_write, (SSL *, const void *, int))                                                                  \
	X(int, SSL_peek, (SSL *, void *, int))                                                                         \
	X(int, SSL_read_ex, (SSL *, void *, size_t, size_t *))                                                         \
	X(int, SSL_write_ex, (SSL *, const void *, size_t, size_t *))                                                  \
	X(int, SSL_peek_ex, (SSL *, void *, size_t, size_t *))                                                         \
	X(int, SSL_connect, (SSL *))                                                                                   \
	X(int, SSL_accept, (SSL *))                                                                                    \
	X(int, SSL_pending, (const SSL *))                                                                             \
	X(int, SSL_has_pending, (const SSL *))                                                                         \
	X(int, SSL_shutdown, (SSL *))                                                                                  \
	X(int, SSL_clear, (SSL *))                                                                                     \
	X(void, SSL_free, (SSL *))                                                                                     \
	X(int, SSL_get_error, (const SSL *, int))                                                                      \
	X(int, SSL_want, (const SSL *))                                                                                \
	X(int, SSL_get_shutdown, (const SSL *))                                                                        \
	X(void, SSL_set_shutdown, (SSL *, int))                                                                        \
	X(int, SSL_get_quiet_shutdown, (const SSL *))                                                                  \
	X(void, SSL_set_connect_state, (SSL *))                                                                        \
	X(void, SSL_set_accept_state, (SSL *))                                                                         \
	X(int, SSL_is_server, (const SSL *))                                                                           \
	X(int, SSL_is_dtls, (const SSL *))                                                                             \
	X(int, SSL_is_init_finished, (const SSL *))                                                                    \
	X(int, SSL_in_init, (const SSL *))                                                                             \
	X(int, SSL_in_before, (const SSL *))                                                                           \
	X(int, SSL_get_state, (const SSL *))                                                                           \
	X(const char *, SSL_state_string, (const SSL *))                                                               \
	X(const char *, SSL_state_string_long, (const SSL *))                                                          \
	X(int, SSL_version, (const SSL *))                                                                             \
	X(const char *, SSL_get_version, (const SSL *))                                                                \
	X(const SSL_CIPHER *, SSL_get_current_cipher, (const SSL *))                                                   \
	X(const SSL_CIPHER *, SSL_CIPHER_find, (SSL *, const unsigned char *))                                         \
	X(const char *, SSL_CIPHER_standard_name, (const SSL_CIPHER *))                                                \
	X(OPENSSL_STACK *, SSL_get_ciphers, (const SSL *))                                                             \
	X(OPENSSL_STACK *, SSL_get_peer_cert_chain, (const SSL *))                                                     \
	X(OPENSSL_STACK *, SSL_get0_verified_chain, (const SSL *))                                                     \
	X(long, SSL_get_verify_result, (const SSL *))                                                                  \
	X(void, SSL_set_verify_result, (SSL *, long))                                                                  \
	X(void, SSL_get0_alpn_selected, (const SSL *, const unsigned char **, unsigned *))                             \
	X(int, SSL_session_reused, (const SSL *))                                                                      \
	X(SSL_SESSION *, SSL_get_session, (const SSL *))                                                               \
	X(SSL_SESSION *, SSL_get1_session, (SSL *))                                                                    \
	X(SSL_SESSION *, SSL_SESSION_new, (void))                                                                      \
	X(void, SSL_SESSION_free, (SSL_SESSION *))                                                                     \
	X(int, SSL_SESSION_up_ref, (SSL_SESSION *))                                                                    \
	X(int, SSL_SESSION_set_protocol_version, (SSL_SESSION *, int))                                                 \
	X(int, SSL_SESSION_set_cipher, (SSL_SESSION *, const SSL_CIPHER *))                                            \
	X(const char *, SSL_get_servername, (const SSL *, int))                                                        \
	X(int, SSL_get_fd, (const SSL *))                                                                              \
	X(int, SSL_get_rfd, (const SSL *))                                                                             \
	X(int, SSL_get_wfd, (const SSL *))                                                                             \
	X(BIO *, SSL_get_rbio, (const SSL *))                                                                          \
	X(BIO *, SSL_get_wbio, (const SSL *))                                                                          \
	X(void, SSL_set_bio, (SSL *, BIO *, BIO *))                                                                    \
	X(void, SSL_set0_rbio, (SSL *, BIO *))                                                                         \
	X(void, SSL_set0_wbio, (SSL *, BIO *))                                                                         \
	X(const BIO_METHOD *, BIO_f_ssl, (void))                                                                       \
	X(SSL *, SSL_new, (SSL_CTX *))                                                                                 \
	X(int, SSL_up_ref, (SSL *))                                                                                    \
	X(SSL_CTX *, SSL_get_SSL_CTX, (const SSL *))                                                                   \
	X(SSL_CTX *, SSL_set_SSL_CTX, (SSL *, SSL_CTX *))                                                              \
	X(int, SSL_get_verify_mode, (const SSL *))                                                                     \
	X(verify_cb *, SSL_get_verify_callback, (const SSL *))                                                         \
	X(info_cb *, SSL_get_info_callback, (const SSL *))                                                             \
	X(info_cb *, SSL_CTX_get_info_callback, (SSL_CTX *))                                                           \
	X(client_cert_cb *, SSL_CTX_get_client_cert_cb, (SSL_CTX *))                                                   \
	X(int, SSL_use_certificate, (SSL *, X509 *))                                                                   \
	X(int, SSL_use_PrivateKey, (SSL *, EVP_PKEY *))                                                                \
	X(X509 *, SSL_get_certificate, (const SSL *))                                                                  \
	X(EVP_PKEY *, SSL_get_privatekey, (const SSL *))                                                               \
	X(X509_VERIFY_PARAM *, SSL_get0_param, (SSL *))                                                                \
	X(long, SSL_ctrl, (SSL *, int, long, void *))                                                                  \
	X(long, SSL_CTX_ctrl, (SSL_CTX *, int, long, void *))                                                          \
	X(X509_STORE *, SSL_CTX_get_cert_store, (const SSL_CTX *))                                                     \
	X(int, SSL_set_ex_data, (SSL *, int, void *))                                                                  \
	X(void *, SSL_get_ex_data, (const SSL *, int))                                                                 \
	X(int, SSL_CTX_set_ex_data, (SSL_CTX *, int, void *))                                                          \
	X(void *, SSL_CTX_get_ex_data, (const SSL_CTX *, int))                                                         \
	X(int, SSL_get_ex_data_X509_STORE_CTX_idx, (void))                                                             \
	X(void, SSL_set_cert_cb, (SSL *, cert_cb *, void *))                                                           \
	X(void, SSL_CTX_set_cert_cb, (SSL_CTX *, cert_cb *, void *))                                                   \
	X(void, SSL_CTX_set_alpn_select_cb, (SSL_CTX *, alpn_select_cb *, void *))                                     \
	X(int, SSL_CTX_set_alpn_protos, (SSL_CTX *, const unsigned char *, unsigned))                                  \
	X(int, SSL_set_alpn_protos, (SSL *, const unsigned char *, unsigned))                                          \
	X(void, SSL_CTX_set_cert_verify_callback, (SSL_CTX *, app_verify_cb *, void *))

#define REAL_OPTIONAL(X)                                                                                               \
	X(uint64_t, SSL_get_options, (const SSL *))                                                                    \
	X(X509 *, SSL_get_peer_certificate, (const SSL *))                                                             \
	X(X509 *, SSL_get1_peer_certificate, (const SSL *))                                                            \
	X(X509 *, SSL_get0_peer_certificate, (const SSL *))                                                            \
	X(char *, X509_VERIFY_PARAM_get0_host, (X509_VERIFY_PARAM *, int))                                             \
	X(char *, X509_VERIFY_PARAM_get1_ip_asc, (X509_VERIFY_PARAM *))                                                \
	X(int, X509_STORE_load_file, (X509_STORE *, const char *))                                                     \
	X(int, X509_STORE_load_path, (X509_STORE *, const char *))                                                     \
	X(int, X509_STORE_load_file_ex, (X509_STORE *, const char *, void *, const char *))                            \
	X(int, X509_STORE_load_locations_ex, (X509_STORE *, const char *, const char *, void *, const char *))         \
	X(int, X509_STORE_set_default_paths_ex, (X509_STORE *, void *, const char *))                                  \
	X(int, EVP_PKEY_set_ex_data, (EVP_PKEY *, int, void *))                                                        \
	X(void *, EVP_PKEY_get_ex_data, (const EVP_PKEY *, int))                                                       \
	X(void, ERR_new, (void))                                                                                       \
	X(void, ERR_set_debug, (const char *, int, const char *))                                                      \
	X(void, ERR_set_error, (int, int, const char *, ...))                                                          \
	X(void, ERR_put_error, (int, int, int, const char *, int))

#define REAL_CRYPTO(X)                                                                                                 \
	X(void, ERR_add_error_data, (int, ...))                                                                        \
	X(void, ERR_clear_error, (void))                                                                               \
	X(int, ERR_get_next_error_library, (void))                                                                     \
	X(int, ERR_load_strings, (int, void *))                                                                        \
	X(int, CRYPTO_get_ex_new_index, (int, long, void *, void *, void *, ex_free_cb *))                             \
	X(void, CRYPTO_free, (void *, const char *, int))                                                              \
	X(void, OPENSSL_cleanse, (void *, size_t))                                                                     \
	X(int, OPENSSL_sk_num, (const OPENSSL_STACK *))                                                                \
	X(void *, OPENSSL_sk_value, (const OPENSSL_STACK *, int))                                                      \
	X(OPENSSL_STACK *, OPENSSL_sk_new_null, (void))                                                                \
	X(int, OPENSSL_sk_push, (OPENSSL_STACK *, const void *))                                                       \
	X(void, OPENSSL_sk_free, (OPENSSL_STACK *))                                                                    \
	X(void, OPENSSL_sk_pop_free, (OPENSSL_STACK *, void (*)(void *)))                                              \
	X(BIO *, BIO_new, (const BIO_METHOD *))                                                                        \
	X(BIO *, BIO_new_mem_buf, (const void *, int))                                                                 \
	X(const BIO_METHOD *, BIO_s_mem, (void))                                                                       \
	X(const BIO_METHOD *, BIO_s_connect, (void))                                                                   \
	X(const BIO_METHOD *, BIO_f_buffer, (void))                                                                    \
	X(int, BIO_free, (BIO *))                                                                                      \
	X(void, BIO_free_all, (BIO *))                                                                                 \
	X(int, BIO_up_ref, (BIO *))                                                                                    \
	X(BIO *, BIO_push, (BIO *, BIO *))                                                                             \
	X(BIO *, BIO_pop, (BIO *))                                                                                     \
	X(BIO *, BIO_next, (BIO *))                                                                                    \
	X(BIO *, BIO_find_type, (BIO *, int))                                                                          \
	X(int, BIO_read, (BIO *, void *, int))                                                                         \
	X(int, BIO_write, (BIO *, const void *, int))                                                                  \
	X(long, BIO_ctrl, (BIO *, int, long, void *))                                                                  \
	X(long, BIO_callback_ctrl, (BIO *, int, void *))                                                               \
	X(int, BIO_test_flags, (const BIO *, int))                                                                     \
	X(void, BIO_set_flags, (BIO *, int))                                                                           \
	X(void, BIO_clear_flags, (BIO *, int))                                                                         \
	X(void, BIO_set_retry_reason, (BIO *, int))                                                                    \
	X(int, BIO_get_retry_reason, (BIO *))                                                                          \
	X(void, BIO_copy_next_retry, (BIO *))                                                                          \
	X(void, BIO_set_data, (BIO *, void *))                                                                         \
	X(void *, BIO_get_data, (BIO *))                                                                               \
	X(void, BIO_set_init, (BIO *, int))                                                                            \
	X(void, BIO_set_next, (BIO *, BIO *))                                                                          \
	X(void, BIO_set_shutdown, (BIO *, int))                                                                        \
	X(int, BIO_get_shutdown, (BIO *))                                                                              \
	X(BIO_METHOD *, BIO_meth_new, (int, const char *))                                                             \
	X(int, BIO_meth_set_read, (BIO_METHOD *, int (*)(BIO *, char *, int)))                                         \
	X(int, BIO_meth_set_write, (BIO_METHOD *, int (*)(BIO *, const char *, int)))                                  \
	X(int, BIO_meth_set_puts, (BIO_METHOD *, int (*)(BIO *, const char *)))                                        \
	X(int, BIO_meth_set_ctrl, (BIO_METHOD *, long (*)(BIO *, int, long, void *)))                                  \
	X(int, BIO_meth_set_create, (BIO_METHOD *, int (*)(BIO *)))                                                    \
	X(int, BIO_meth_set_destroy, (BIO_METHOD *, int (*)(BIO *)))                                                   \
	X(void, X509_free, (X509 *))                                                                                   \
	X(int, X509_up_ref, (X509 *))                                                                                  \
	X(void, EVP_PKEY_free, (EVP_PKEY *))                                                                           \
	X(X509 *, PEM_read_bio_X509, (BIO *, X509 **, pem_password_cb *, void *))                                      \
	X(int, PEM_write_bio_X509, (BIO *, X509 *))                                                                    \
	X(int, PEM_write_bio_PrivateKey,                                                                               \
	  (BIO *, EVP_PKEY *, const EVP_CIPHER *, const unsigned char *, int, pem_password_cb *, void *))              \
	X(OPENSSL_STACK *, X509_STORE_get0_objects, (const X509_STORE *))                                              \
	X(int, X509_STORE_set_ex_data, (X509_STORE *, int, void *))                                                    \
	X(void *, X509_STORE_get_ex_data, (const X509_STORE *, int))                                                   \
	X(int, X509_STORE_load_locations, (X509_STORE *, const char *, const char *))                                  \
	X(int, X509_STORE_set_default_paths, (X509_STORE *))                                                           \
	X(int, X509_OBJECT_get_type, (const X509_OBJECT *))                                                            \
	X(X509 *, X509_OBJECT_get0_X509, (const X509_OBJECT *))                                                        \
	X(X509_STORE_CTX *, X509_STORE_CTX_new, (void))                                                                \
	X(void, X509_STORE_CTX_free, (X509_STORE_CTX *))                                                               \
	X(int, X509_STORE_CTX_init, (X509_STORE_CTX *, X509_STORE *, X509 *, OPENSSL_STACK *))                         \
	X(int, X509_STORE_CTX_set_ex_data, (X509_STORE_CTX *, int, void *))                                            \
	X(void, X509_STORE_CTX_set_verify_cb, (X509_STORE_CTX *, verify_cb *))                                         \
	X(void, X509_STORE_CTX_set0_trusted_stack, (X509_STORE_CTX *, OPENSSL_STACK *))                                \
	X(int, X509_STORE_CTX_set_default, (X509_STORE_CTX *, const char *))                                           \
	X(X509_VERIFY_PARAM *, X509_STORE_CTX_get0_param, (X509_STORE_CTX *))                                          \
	X(int, X509_STORE_CTX_get_error, (const X509_STORE_CTX *))                                                     \
	X(OPENSSL_STACK *, X509_STORE_CTX_get1_chain, (const X509_STORE_CTX *))                                        \
	X(int, X509_VERIFY_PARAM_set1, (X509_VERIFY_PARAM *, const X509_VERIFY_PARAM *))                               \
	X(int, X509_VERIFY_PARAM_set_flags, (X509_VERIFY_PARAM *, unsigned long))                                      \
	X(int, X509_verify_cert, (X509_STORE_CTX *))                                                                   \
	X(const char *, X509_verify_cert_error_string, (long))                                                         \
	X(const char *, X509_get_default_cert_file, (void))                                                            \
	X(const char *, X509_get_default_cert_dir, (void))

#define REAL_MEMBER(ret, name, params) ret(*name) params;

struct real {
	REAL_FUNCTIONS(REAL_MEMBER)
	REAL_OPTIONAL(REAL_MEMBER)
	REAL_CRYPTO(REAL_MEMBER)
};

// real finds the functions at its first call and ends the program when there is no libcrypto among its libraries or one
// too old: something calls a function of a library that is not there.
const struct real *real(void);

// real_by_name finds one function of libssl or libcrypto, NULL when the program's version has none.
void *real_by_name(const char *name);

#endif
