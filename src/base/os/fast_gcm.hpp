// AES-128-GCM with wide vectors for TLS.
//
// Why: a site sends every byte of a round through TLS. OpenSSL 3.0 encrypts 4.4 GB/s on a core where Debian's
// libipsec-mb reaches 12.5 (VAES, AVX-512). OpenSSL stays in charge of the protocol: this is a provider that
// serves it that one cipher. The library is looked for when the program runs; without it, on another
// processor, or if it does not agree with OpenSSL on known inputs, OpenSSL's own cipher is used.
//
// Thread rule: crypto_library() may be called from any thread; it builds once.
#pragma once

struct ossl_lib_ctx_st;

namespace euromesh::os {

// For SSL_CTX_new_ex, X509_new_ex and the like. Lives as long as the program.
ossl_lib_ctx_st* crypto_library();
// The property query that prefers the fast cipher.
inline constexpr const char* crypto_properties = "?provider=euromesh";

bool has_fast_gcm();

}  // namespace euromesh::os
