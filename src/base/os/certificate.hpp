// X.509 certificates with Ed25519 keys, as PEM text: made, signed, inspected; and messages
// signed with them.
//
// Adapter to OpenSSL. It knows nothing of runs or files: sync/exchange/pki.hpp does. Private keys appear only
// in Issued::key and KeyPair::key, never in an error. Thread rule: none shared.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::os {

struct CertificateSubject {
    std::string name;          // common name, and DNS name for a site
    std::string organisation;  // at most 64 bytes each
};

struct Validity {
    std::chrono::seconds from{0};  // since 1970
    std::chrono::seconds until{0};
};

struct Issued {
    std::string certificate;
    std::string key;
};

// An authority that signs itself and may sign only end certificates.
Result<Issued> make_authority(const CertificateSubject& subject, const Validity& validity);
// For both roles of TLS, client and server.
Result<Issued> issue_certificate(const Issued& authority, const CertificateSubject& subject,
                                 const Validity& validity);

// ---- keys that never leave their owner -------------------------------------------------------------------

struct KeyPair {
    std::string key;         // private, PEM
    std::string public_key;  // PEM
};
KeyPair make_key_pair();

// An authority whose key follows from 32 secret bytes: made again, it is the same authority, and
// certificates of either are good with the other.
Result<Issued> make_authority(std::span<const std::uint8_t, 32> seed, const CertificateSubject& subject,
                              const Validity& validity);
// For somebody else's key, of which only the public half is shown. bad_input: not an Ed25519 public key in
// PEM form.
Result<std::string> certify(const Issued& authority, const std::string& public_key,
                            const CertificateSubject& subject, const Validity& validity);

struct CertificateFacts {
    CertificateSubject subject;
    Validity validity;
    bool signed_by_authority = false;
    bool key_fits = false;
};

// bad_input: one of them is not PEM; names which.
Result<CertificateFacts> inspect_certificate(const std::string& authority, const std::string& certificate,
                                             const std::string& key);

// Whose certificate it is, if the authority signed it for use in TLS and it is valid at that time (since
// 1970). bad_input: not PEM; refused: says why.
Result<CertificateSubject> verify_certificate(const std::string& authority, const std::string& certificate,
                                              std::chrono::seconds now);

// A signature in the key's own scheme (RFC 8032 for Ed25519), as bytes.
Result<std::string> sign_message(const std::string& key, std::string_view message);
// The owner of the certificate's key has signed exactly this message.
bool is_signed(const std::string& certificate, std::string_view message, std::string_view signature);

}  // namespace euromesh::os
