#include "base/os/certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "base/assert.hpp"

namespace euromesh::os {
namespace {

template <class T, void (*Free)(T*)>
struct Freer {
    void operator()(T* object) const { Free(object); }
};
using X509Pointer = std::unique_ptr<X509, Freer<X509, X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using BioPointer = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;
using ExtensionPointer = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION, X509_EXTENSION_free>>;
using StorePointer = std::unique_ptr<X509_STORE, Freer<X509_STORE, X509_STORE_free>>;
using CheckPointer = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX, X509_STORE_CTX_free>>;
using DigestPointer = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX, EVP_MD_CTX_free>>;

constexpr long x509_version_3 = 2;

int no_passphrase(char*, int, int, void*) {
    return 0;
}

BioPointer text_bio(const std::string& text) {
    return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Result<X509Pointer> read_certificate(const std::string& text, const char* what) {
    X509Pointer certificate(PEM_read_bio_X509(text_bio(text).get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!certificate) return fail(Code::bad_input, "{}: not a certificate in PEM form", what);
    return certificate;
}

Result<KeyPointer> read_key(const std::string& text, const char* what) {
    KeyPointer key(PEM_read_bio_PrivateKey(text_bio(text).get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key) return fail(Code::bad_input, "{}: not an unencrypted private key in PEM form", what);
    return key;
}

bool set_serial(X509* certificate) {
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] &= 0x7f;
    BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
    const bool set =
        number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    return set;
}

bool add_name(X509_NAME* name, const char* field, const std::string& value) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(value.data());
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, static_cast<int>(value.size()), -1,
                                      0) == 1;
}

bool set_subject(X509* certificate, const CertificateSubject& subject) {
    X509_NAME* name = X509_get_subject_name(certificate);
    return add_name(name, "O", subject.organisation) && add_name(name, "CN", subject.name);
}

bool set_validity(X509* certificate, const Validity& validity) {
    return ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<std::time_t>(validity.from.count())) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<std::time_t>(validity.until.count()));
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPointer extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_authority_extensions(X509* certificate) {
    return add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign") &&
           add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
}

bool add_site_extensions(X509* certificate, X509* issuer, const std::string& name) {
    return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
           add_extension(certificate, issuer, NID_subject_alt_name, "DNS:" + name) &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

X509Pointer blank(EVP_PKEY* key, const CertificateSubject& subject, const Validity& validity) {
    X509Pointer certificate(X509_new());
    const bool filled = certificate && X509_set_version(certificate.get(), x509_version_3) == 1 &&
                        set_serial(certificate.get()) && set_subject(certificate.get(), subject) &&
                        set_validity(certificate.get(), validity) &&
                        X509_set_pubkey(certificate.get(), key) == 1;
    return filled ? std::move(certificate) : nullptr;
}

Error not_made(const CertificateSubject& subject) {
    ERR_clear_error();
    return {Code::bad_input,
            fmt::format("certificate for '{}' of '{}': it cannot be made; use names of 1 to 64 bytes",
                        subject.name.substr(0, 80), subject.organisation.substr(0, 80))};
}

Issued as_text(X509* certificate, EVP_PKEY* key) {
    const BioPointer certificate_text(BIO_new(BIO_s_mem()));
    const BioPointer key_text(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(certificate_text.get(), certificate);
    PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(certificate_text.get()), text_of(key_text.get())};
}

std::string name_entry(X509* certificate, int field) {
    char text[256] = {};
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), field, text, sizeof text);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view reason_of(int error) {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "has expired (make new ones: euromesh pki init)";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "is not valid yet (compare the clocks)";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "is not signed by this run's authority";
        default:
            return X509_verify_cert_error_string(error);
    }
}

std::chrono::seconds seconds_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::chrono::seconds(0);
    return std::chrono::seconds(::timegm(&parts));
}

}  // namespace

namespace {

Result<Issued> sign_itself(const KeyPointer& key, const CertificateSubject& subject,
                           const Validity& validity) {
    if (!key) return fail(not_made(subject));
    const X509Pointer certificate = blank(key.get(), subject, validity);
    if (!certificate ||
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) != 1 ||
        !add_authority_extensions(certificate.get()) ||
        X509_sign(certificate.get(), key.get(), nullptr) == 0) {
        return fail(not_made(subject));
    }
    return as_text(certificate.get(), key.get());
}

Result<X509Pointer> sign_for(const Issued& authority, const KeyPointer& key,
                             const CertificateSubject& subject, const Validity& validity) {
    EM_ASSIGN(const X509Pointer issuer, read_certificate(authority.certificate, "run authority"));
    EM_ASSIGN(const KeyPointer issuer_key, read_key(authority.key, "run authority's key"));
    if (!key) return fail(not_made(subject));
    X509Pointer certificate = blank(key.get(), subject, validity);
    if (!certificate || X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) != 1 ||
        !add_site_extensions(certificate.get(), issuer.get(), subject.name) ||
        X509_sign(certificate.get(), issuer_key.get(), nullptr) == 0) {
        return fail(not_made(subject));
    }
    return certificate;
}

KeyPointer new_key() {
    return KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

}  // namespace

Result<Issued> make_authority(const CertificateSubject& subject, const Validity& validity) {
    return sign_itself(new_key(), subject, validity);
}

Result<Issued> make_authority(std::span<const std::uint8_t, 32> seed, const CertificateSubject& subject,
                              const Validity& validity) {
    return sign_itself(
        KeyPointer(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())),
        subject, validity);
}

Result<Issued> issue_certificate(const Issued& authority, const CertificateSubject& subject,
                                 const Validity& validity) {
    const KeyPointer key = new_key();
    EM_ASSIGN(const X509Pointer certificate, sign_for(authority, key, subject, validity));
    return as_text(certificate.get(), key.get());
}

KeyPair make_key_pair() {
    const KeyPointer key = new_key();
    const BioPointer secret(BIO_new(BIO_s_mem())), open(BIO_new(BIO_s_mem()));
    const bool made =
        key &&
        PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
        PEM_write_bio_PUBKEY(open.get(), key.get()) == 1;
    EM_ASSERT(made, "a key can be made");
    return {text_of(secret.get()), text_of(open.get())};
}

Result<std::string> certify(const Issued& authority, const std::string& public_key,
                            const CertificateSubject& subject, const Validity& validity) {
    const KeyPointer key(PEM_read_bio_PUBKEY(text_bio(public_key).get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519)
        return fail(Code::bad_input, "public key: not an Ed25519 key in PEM form");
    EM_ASSIGN(const X509Pointer certificate, sign_for(authority, key, subject, validity));
    const BioPointer text(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(text.get(), certificate.get());
    return text_of(text.get());
}

Result<CertificateFacts> inspect_certificate(const std::string& authority, const std::string& certificate,
                                             const std::string& key) {
    EM_ASSIGN(const X509Pointer issuer, read_certificate(authority, "run authority"));
    EM_ASSIGN(const X509Pointer own, read_certificate(certificate, "site certificate"));
    EM_ASSIGN(const KeyPointer own_key, read_key(key, "site key"));
    CertificateFacts facts;
    facts.subject = {name_entry(own.get(), NID_commonName), name_entry(own.get(), NID_organizationName)};
    facts.validity = {seconds_of(X509_get0_notBefore(own.get())), seconds_of(X509_get0_notAfter(own.get()))};
    facts.signed_by_authority = X509_check_issued(issuer.get(), own.get()) == X509_V_OK &&
                                X509_verify(own.get(), X509_get0_pubkey(issuer.get())) == 1;
    facts.key_fits = X509_check_private_key(own.get(), own_key.get()) == 1;
    ERR_clear_error();
    return facts;
}

Result<CertificateSubject> verify_certificate(const std::string& authority, const std::string& certificate,
                                              std::chrono::seconds now) {
    EM_ASSIGN(const X509Pointer issuer, read_certificate(authority, "run authority"));
    EM_ASSIGN(const X509Pointer own, read_certificate(certificate, "site certificate"));
    const StorePointer store(X509_STORE_new());
    const CheckPointer check(X509_STORE_CTX_new());
    const bool ready = store && check && X509_STORE_add_cert(store.get(), issuer.get()) == 1 &&
                       X509_STORE_CTX_init(check.get(), store.get(), own.get(), nullptr) == 1 &&
                       X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_CLIENT) == 1;
    if (ready) X509_STORE_CTX_set_time(check.get(), 0, static_cast<std::time_t>(now.count()));
    const bool good = ready && X509_verify_cert(check.get()) == 1;
    const int error = ready ? X509_STORE_CTX_get_error(check.get()) : X509_V_ERR_UNSPECIFIED;
    ERR_clear_error();
    if (!good) return fail(Code::refused, "the certificate {}", reason_of(error));
    return CertificateSubject{name_entry(own.get(), NID_commonName),
                              name_entry(own.get(), NID_organizationName)};
}

Result<std::string> sign_message(const std::string& key, std::string_view message) {
    EM_ASSIGN(const KeyPointer own, read_key(key, "site key"));
    const DigestPointer digest(EVP_MD_CTX_new());
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(own.get())), '\0');
    std::size_t size = signature.size();
    const bool made = digest && EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, own.get()) == 1 &&
                      EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                     raw(message), message.size()) == 1;
    ERR_clear_error();
    if (!made) return fail(Code::bad_input, "site key: it cannot sign");
    signature.resize(size);
    return signature;
}

bool is_signed(const std::string& certificate, std::string_view message, std::string_view signature) {
    const auto own = read_certificate(certificate, "site certificate");
    const DigestPointer digest(EVP_MD_CTX_new());
    if (!own || !digest) return false;
    EVP_PKEY* key = X509_get0_pubkey(own->get());
    const bool good =
        key && EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key) == 1 &&
        EVP_DigestVerify(digest.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
    ERR_clear_error();
    return good;
}

}  // namespace euromesh::os
