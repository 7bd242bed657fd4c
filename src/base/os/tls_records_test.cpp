// The other end is OpenSSL's own record layer, over memory.
#include "base/os/tls_records.hpp"

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/os/certificate.hpp"
#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

using Bytes = std::vector<std::byte>;

Bytes noise(std::size_t size) {
    Random random(size);
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
    return bytes;
}

struct Secrets {
    TrafficSecret client{}, server{};
};

void keep_secret(const SSL* ssl, const char* text) {
    auto& secrets = *static_cast<Secrets*>(SSL_get_app_data(ssl));
    const std::string_view line(text);
    const bool client = line.starts_with("CLIENT_TRAFFIC_SECRET_0 ");
    if (!client && !line.starts_with("SERVER_TRAFFIC_SECRET_0 ")) return;
    TrafficSecret& secret = client ? secrets.client : secrets.server;
    REQUIRE(from_hex(line.substr(line.rfind(' ') + 1), {reinterpret_cast<std::uint8_t*>(secret.data()), 32}));
}

void use_certificate(SSL_CTX* context) {
    const Validity always{std::chrono::seconds(0), std::chrono::seconds(4'000'000'000)};
    const Issued made = make_authority({"a", "r"}, always).value();
    BIO* text = BIO_new_mem_buf(made.certificate.data(), static_cast<int>(made.certificate.size()));
    X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    BIO* key_text = BIO_new_mem_buf(made.key.data(), static_cast<int>(made.key.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
    REQUIRE(SSL_CTX_use_certificate(context, certificate) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context, key) == 1);
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(key_text);
    BIO_free(text);
}

// A client of OpenSSL does the handshake and then leaves the connection to the keys under test.
class AgainstOpenSsl {
  public:
    AgainstOpenSsl() {
        context_ = SSL_CTX_new(TLS_method());
        SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(context_, "TLS_AES_128_GCM_SHA256");
        SSL_CTX_set_num_tickets(context_, 0);
        SSL_CTX_set_keylog_callback(context_, keep_secret);
        use_certificate(context_);
        for (SSL** ssl : {&client_, &server}) {
            *ssl = SSL_new(context_);
            SSL_set_bio(*ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
            SSL_set_app_data(*ssl, &secrets_);
        }
        SSL_set_connect_state(client_);
        SSL_set_accept_state(server);
        for (int i = 0; i < 10; ++i) {
            SSL_do_handshake(client_);
            give(take(client_));
            SSL_do_handshake(server);
            const Bytes back = take(server);
            BIO_write(SSL_get_rbio(client_), back.data(), static_cast<int>(back.size()));
        }
        REQUIRE(SSL_is_init_finished(server));
        seals.emplace(secrets_.client, RecordKey::Use::seals);
        opens.emplace(secrets_.server, RecordKey::Use::opens);
    }
    ~AgainstOpenSsl() {
        SSL_free(client_);
        SSL_free(server);
        SSL_CTX_free(context_);
    }
    AgainstOpenSsl(const AgainstOpenSsl&) = delete;
    AgainstOpenSsl& operator=(const AgainstOpenSsl&) = delete;

    static Bytes take(SSL* ssl) {
        Bytes bytes(BIO_ctrl_pending(SSL_get_wbio(ssl)));
        if (!bytes.empty()) BIO_read(SSL_get_wbio(ssl), bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }
    void give(const Bytes& bytes) {
        BIO_write(SSL_get_rbio(server), bytes.data(), static_cast<int>(bytes.size()));
    }

    Bytes sealed(RecordType type, const Bytes& content) {
        Bytes out(content.size() + record_overhead_bytes);
        seals->seal(type, content, out);
        return out;
    }
    Bytes server_reads() {
        Bytes got(20'000);
        std::size_t size = 0;
        if (SSL_read_ex(server, got.data(), got.size(), &size) != 1) return {};
        got.resize(size);
        return got;
    }
    Bytes server_writes(const Bytes& content) {
        std::size_t size = 0;
        REQUIRE(SSL_write_ex(server, content.data(), content.size(), &size) == 1);
        return take(server);
    }

    SSL* server = nullptr;
    std::optional<RecordKey> seals, opens;

  private:
    SSL_CTX* context_ = nullptr;
    SSL* client_ = nullptr;
    Secrets secrets_;
};

struct Content {
    RecordType type;
    Bytes bytes;
};

Content opened(RecordKey& key, const Bytes& record) {
    REQUIRE(record_size(record).value() == record.size());
    Bytes room(record.size());
    const RecordKey::Opened opened = key.open(record, room).value();
    room.resize(opened.size);
    return {opened.type, room};
}

}  // namespace

TEST_CASE("OpenSSL opens what is sealed here, and the other way round") {
    AgainstOpenSsl pair;
    for (std::size_t size : {1u, 2u, 16u, 1000u, 16383u, 16384u}) {
        const Bytes content = noise(size);
        pair.give(pair.sealed(RecordType::data, content));
        CHECK(pair.server_reads() == content);
        const Content back = opened(*pair.opens, pair.server_writes(content));
        CHECK(back.type == RecordType::data);
        CHECK(back.bytes == content);
    }
}

TEST_CASE("padded records are opened to their content") {
    AgainstOpenSsl pair;
    REQUIRE(SSL_set_block_padding(pair.server, 512) == 1);
    Bytes content = noise(700);
    content.back() = std::byte{0};
    const Bytes record = pair.server_writes(content);
    CHECK(record.size() >= 1024);
    const Content back = opened(*pair.opens, record);
    CHECK(back.type == RecordType::data);
    CHECK(back.bytes == content);
}

TEST_CASE("both ends follow each other's key updates") {
    AgainstOpenSsl pair;
    for (int round = 0; round < 3; ++round) {
        pair.give(pair.sealed(RecordType::handshake, {std::byte{24}, {}, {}, std::byte{1}, {}}));
        pair.seals->update();
        CHECK(pair.seals->records() == 0);
        pair.give(pair.sealed(RecordType::data, noise(100)));
        CHECK(pair.server_reads() == noise(100));
        REQUIRE(SSL_key_update(pair.server, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
        const Bytes both = pair.server_writes(noise(200));
        const std::size_t first = record_size(both).value();
        const Content update =
            opened(*pair.opens, Bytes(both.begin(), both.begin() + static_cast<long>(first)));
        CHECK(update.type == RecordType::handshake);
        CHECK(update.bytes.size() == 5);
        CHECK(update.bytes[0] == std::byte{24});
        pair.opens->update();
        CHECK(opened(*pair.opens, Bytes(both.begin() + static_cast<long>(first), both.end())).bytes ==
              noise(200));
    }
}

TEST_CASE("the end of a connection is an alert") {
    AgainstOpenSsl pair;
    SSL_shutdown(pair.server);
    const Content alert = opened(*pair.opens, AgainstOpenSsl::take(pair.server));
    CHECK(alert.type == RecordType::alert);
    CHECK(alert.bytes == Bytes{std::byte{1}, std::byte{0}});
}

TEST_CASE("a record that was changed, repeated, left out or swapped is not opened") {
    const auto is_refused = [](RecordKey& key, const Bytes& record) {
        Bytes room(record.size());
        const auto got = key.open(record, room);
        return !got && got.error().code == Code::corrupted;
    };
    for (std::size_t at : {std::size_t{3}, std::size_t{5}, std::size_t{50}, std::size_t{120}}) {
        AgainstOpenSsl pair;
        Bytes record = pair.server_writes(noise(100));
        record[at] ^= std::byte{1};
        CHECK(is_refused(*pair.opens, record));
    }
    AgainstOpenSsl repeated;
    const Bytes record = repeated.server_writes(noise(100));
    opened(*repeated.opens, record);
    CHECK(is_refused(*repeated.opens, record));
    AgainstOpenSsl left_out;
    left_out.server_writes(noise(100));
    CHECK(is_refused(*left_out.opens, left_out.server_writes(noise(100))));
}

TEST_CASE("heads that cannot be are refused before anything is waited for") {
    const auto head = [](int type, int major, int length) {
        return Bytes{std::byte(type), std::byte(major), std::byte{3}, std::byte(length >> 8),
                     std::byte(length & 255)};
    };
    CHECK(record_size(head(23, 3, 1000)).value() == 1005);
    CHECK(record_size(Bytes(4)).value() == 0);
    CHECK(!record_size(head(22, 3, 1000)));
    CHECK(!record_size(head(23, 2, 1000)));
    CHECK(!record_size(head(23, 3, 16)));
    CHECK(record_size(head(23, 3, 17)));
    CHECK(record_size(head(23, 3, 16384 + 256)));
    CHECK(!record_size(head(23, 3, 16384 + 257)));
}
