#include "base/os/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <vector>

#include "base/assert.hpp"
#include "base/os/fast_gcm.hpp"

namespace euromesh::os {
namespace {

template <class T, void (*Free)(T*)>
struct Freer {
    void operator()(T* object) const { Free(object); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, Freer<SSL_CTX, SSL_CTX_free>>;
using SslPointer = std::unique_ptr<SSL, Freer<SSL, SSL_free>>;
using X509Pointer = std::unique_ptr<X509, Freer<X509, X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using BioPointer = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;

// A TLS 1.3 record carries at most 16 KiB and adds 22 bytes; half a megabyte a system call stays in a core's
// cache.
constexpr std::size_t record_bytes = 16384;
constexpr std::size_t collect_bytes = 512u << 10;
constexpr std::size_t receive_bytes = 512u << 10;

BioPointer text_bio(const std::string& text) {
    return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Never a prompt on the terminal: an encrypted key is an error.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

Result<X509Pointer> read_certificate(const std::string& text, const char* what) {
    X509Pointer certificate(X509_new_ex(crypto_library(), crypto_properties));
    X509* room = certificate.get();
    const bool is_read = PEM_read_bio_X509(text_bio(text).get(), &room, no_passphrase, nullptr) != nullptr;
    // OpenSSL frees the object that it fails to fill.
    if (!is_read && room == nullptr) certificate.release();
    ERR_clear_error();
    if (!is_read) return fail(Code::bad_input, "{}: not a certificate in PEM form", what);
    return certificate;
}

Result<KeyPointer> read_key(const std::string& text) {
    KeyPointer key(PEM_read_bio_PrivateKey_ex(text_bio(text).get(), nullptr, no_passphrase, nullptr,
                                              crypto_library(), crypto_properties));
    ERR_clear_error();
    if (!key) return fail(Code::bad_input, "site key: not an unencrypted private key in PEM form");
    return key;
}

Status use_credentials(SSL_CTX* context, const TlsCredentials& credentials) {
    EM_ASSIGN(const X509Pointer authority, read_certificate(credentials.authority, "run authority"));
    EM_ASSIGN(const X509Pointer own, read_certificate(credentials.certificate, "site certificate"));
    EM_ASSIGN(const KeyPointer key, read_key(credentials.key));
    const bool taken = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1 &&
                       SSL_CTX_use_certificate(context, own.get()) == 1;
    const bool fits = taken && X509_check_private_key(own.get(), key.get()) == 1 &&
                      SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    ERR_clear_error();
    if (!taken) return fail(Code::bad_input, "site certificate: TLS cannot use it");
    if (!fits) return fail(Code::bad_input, "site key: it is not the key of the site certificate");
    return {};
}

void harden(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context,
                             "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_verify_depth(context, 1);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

std::string name_entry(X509* certificate, int field) {
    char text[256] = {};
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), field, text, sizeof text);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string verify_reason(long result) {
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "its certificate has expired (make new ones: euromesh pki init)";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "its certificate is not valid yet (compare the clocks)";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "its certificate is not signed by this run's authority (use one ca.pem at all sites)";
        default:
            return fmt::format("its certificate is not accepted: {}", X509_verify_cert_error_string(result));
    }
}

// What the other side said before it closed.
std::string alert_reason(int reason) {
    switch (reason) {
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
            return "it says that our certificate is not signed by its run authority (use one ca.pem at all "
                   "sites)";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return "it says that our certificate has expired (make new ones: euromesh pki init)";
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
            return "it does not accept our certificate";
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return "it asks for a certificate and we showed none";
        default:
            return "";
    }
}

Error tls_error(const SSL* ssl) {
    const long verified = SSL_get_verify_result(ssl);
    const unsigned long first = ERR_peek_error();
    const int reason = ERR_GET_REASON(first);
    ERR_clear_error();
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return {Code::refused, verify_reason(verified)};
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {Code::unavailable, "connection closed"};
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return {Code::refused, "it showed no certificate"};
    if (const std::string said = alert_reason(reason); !said.empty()) return {Code::refused, said};
    const char* text = ERR_reason_error_string(first);
    return {Code::refused, fmt::format("it does not speak our TLS 1.3: {}", text ? text : "no reason given")};
}

}  // namespace

struct TlsContext::State {
    ContextPointer context;
    const Clock* clock = nullptr;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

Result<TlsContext> TlsContext::make(const TlsCredentials& credentials, const Clock& clock) {
    ContextPointer context(SSL_CTX_new_ex(crypto_library(), crypto_properties, TLS_method()));
    EM_ASSERT(context != nullptr, "OpenSSL gives a context");
    harden(context.get());
    EM_TRY(use_credentials(context.get(), credentials));
    return TlsContext(std::make_unique<State>(State{std::move(context), &clock}));
}

Result<std::size_t> Stream::discard() {
    std::byte room[4096];
    EM_ASSIGN(const std::size_t got, socket_.receive(room));
    received_bytes_ += got;
    return got;
}

namespace {

class PlainStream final : public Stream {
  public:
    explicit PlainStream(Socket socket) : Stream(std::move(socket)) {}

    Result<bool> handshake() override { return true; }
    PeerIdentity identity() const override { return {}; }
    Result<bool> flush() override { return true; }
    bool has_unsent() const override { return false; }
    bool has_unread() const override { return false; }

    Result<std::size_t> read(std::span<std::byte> room) override {
        EM_ASSIGN(const std::size_t got, socket_.receive(room));
        received_bytes_ += got;
        return got;
    }

    Result<std::size_t> write(std::span<const std::byte> head, std::span<const std::byte> body) override {
        const iovec pieces[2] = {{const_cast<std::byte*>(head.data()), head.size()},
                                 {const_cast<std::byte*>(body.data()), body.size()}};
        EM_ASSIGN(const std::size_t sent, socket_.send(pieces));
        sent_bytes_ += sent;
        return sent;
    }
};

}  // namespace

// OpenSSL reads and writes through the BIO below, which moves many records with one system call each way.
// (Its own read-ahead moves the whole rest of the buffer in memory for each record.) The BIO never refuses a
// write: write() asks for room first, so that no record is retried.
class TlsStream final : public Stream {
  public:
    TlsStream(Socket socket, const TlsContext& context, StreamRole role)
        : Stream(std::move(socket)), ssl_(SSL_new(context.state_->context.get())) {
        EM_ASSERT(ssl_ != nullptr, "OpenSSL gives a connection");
        const auto wall = std::chrono::duration_cast<std::chrono::seconds>(context.state_->clock->wall());
        X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), static_cast<std::time_t>(wall.count()));
        BIO* bio = BIO_new(method());
        BIO_set_data(bio, this);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_.get(), bio, bio);
        role == StreamRole::dials ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    }

    Result<bool> handshake() override {
        ERR_clear_error();
        const int done = SSL_do_handshake(ssl_.get());
        const Error error = done == 1 ? Error{} : step_error(done);
        const Result<bool> flushed = flush();
        if (done != 1 && error.code != Code::cancelled) return fail(error);
        if (!flushed) return fail(flushed.error());
        return done == 1;
    }

    PeerIdentity identity() const override {
        X509* certificate = SSL_get0_peer_certificate(ssl_.get());
        if (certificate == nullptr) return {};
        return {name_entry(certificate, NID_commonName), name_entry(certificate, NID_organizationName)};
    }

    Result<std::size_t> read(std::span<std::byte> room) override {
        if (ended_) return fail(*ended_);
        std::size_t total = 0;
        while (total < room.size()) {
            std::size_t got = 0;
            ERR_clear_error();
            const int done = SSL_read_ex(ssl_.get(), room.data() + total, room.size() - total, &got);
            if (done != 1) {
                const Error error = step_error(done);
                if (error.code == Code::cancelled) break;
                ended_ = error;
                // What came before the end is delivered first; the next call tells of the end.
                if (total == 0) return fail(error);
                break;
            }
            total += got;
        }
        return total;
    }

    Result<std::size_t> write(std::span<const std::byte> head, std::span<const std::byte> body) override {
        EM_ASSIGN(const std::size_t first, write_records(head));
        if (first < head.size()) return first;
        EM_ASSIGN(const std::size_t second, write_records(body));
        return first + second;
    }

    Result<bool> flush() override {
        while (sent_ < collected_.size()) {
            const iovec piece{collected_.data() + sent_, collected_.size() - sent_};
            EM_ASSIGN(const std::size_t sent, socket_.send({&piece, 1}));
            if (sent == 0) return false;
            sent_ += sent;
            sent_bytes_ += sent;
        }
        collected_.clear();
        sent_ = 0;
        return true;
    }

    bool has_unsent() const override { return sent_ < collected_.size(); }
    bool has_unread() const override { return taken_ < filled_ || SSL_pending(ssl_.get()) > 0; }

  private:
    Result<std::size_t> write_records(std::span<const std::byte> bytes) {
        std::size_t total = 0;
        while (total < bytes.size()) {
            if (collected_.size() + record_bytes > collect_bytes) {
                EM_ASSIGN(const bool empty, flush());
                if (!empty) break;
            }
            std::size_t taken = 0;
            const std::size_t size = std::min(record_bytes, bytes.size() - total);
            ERR_clear_error();
            const int done = SSL_write_ex(ssl_.get(), bytes.data() + total, size, &taken);
            if (done != 1) return fail(step_error(done));
            total += taken;
        }
        return total;
    }

    // cancelled: nothing is wrong, the socket has no more bytes for now.
    Error step_error(int done) {
        const int kind = SSL_get_error(ssl_.get(), done);
        if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return {Code::cancelled, ""};
        if (kind == SSL_ERROR_ZERO_RETURN) return {Code::unavailable, "connection closed"};
        if (!broken_.message.empty()) {
            ERR_clear_error();
            return broken_;
        }
        return tls_error(ssl_.get());
    }

    // Like read(2) on the socket, by way of received_.
    int receive(char* data, int size) {
        if (taken_ == filled_) {
            const Result<std::size_t> got = socket_.receive(received_);
            taken_ = 0;
            filled_ = got.value_or(0);
            received_bytes_ += filled_;
            if (!got) broken_ = got.error();
            if (!got) return 0;
            if (*got == 0) return -1;
        }
        const std::size_t size_now = std::min(static_cast<std::size_t>(size), filled_ - taken_);
        std::memcpy(data, received_.data() + taken_, size_now);
        taken_ += size_now;
        return static_cast<int>(size_now);
    }

    int collect(const char* data, int size) {
        const auto* bytes = reinterpret_cast<const std::byte*>(data);
        collected_.insert(collected_.end(), bytes, bytes + size);
        return size;
    }

    static TlsStream& of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

    static int bio_read(BIO* bio, char* data, int size) {
        BIO_clear_retry_flags(bio);
        const int got = of(bio).receive(data, size);
        if (got < 0) BIO_set_retry_read(bio);
        return got;
    }

    static int bio_write(BIO* bio, const char* data, int size) { return of(bio).collect(data, size); }

    static long bio_control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return of(bio).broken_.message.empty() ? 0 : 1;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static BIO_METHOD* make_method() {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "euromesh socket");
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }

    static const BIO_METHOD* method() {
        static const BIO_METHOD* const made = make_method();
        return made;
    }

    SslPointer ssl_;
    std::vector<std::byte> collected_;
    std::size_t sent_ = 0;
    std::vector<std::byte> received_ = std::vector<std::byte>(receive_bytes);
    std::size_t taken_ = 0, filled_ = 0;
    Error broken_{Code::unavailable, ""};
    std::optional<Error> ended_;
};

std::unique_ptr<Stream> make_plain_stream(Socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<Stream> make_tls_stream(Socket socket, const TlsContext& context, StreamRole role) {
    return std::make_unique<TlsStream>(std::move(socket), context, role);
}

}  // namespace euromesh::os
