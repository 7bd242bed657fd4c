#include "base/os/tls.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/os/certificate.hpp"
#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

const ManualClock clock_now;

Validity valid_for(std::chrono::hours age, std::chrono::hours rest) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_now.wall());
    return {now - age, now + rest};
}

const Validity fresh = valid_for(std::chrono::hours(1), std::chrono::hours(24));

const Issued& authority() {
    static const Issued made = make_authority({"authority", "run-1"}, fresh).value();
    return made;
}

TlsCredentials credentials(const char* name, const Validity& validity = fresh,
                           const Issued& signer = authority()) {
    const Issued issued = issue_certificate(signer, {name, "run-1"}, validity).value();
    return {authority().certificate, issued.certificate, issued.key};
}

struct Pair {
    std::unique_ptr<Stream> dials, accepts;
};

struct Sockets {
    Socket dials, accepts;
};

Sockets sockets() {
    Socket listener = Socket::listen({"127.0.0.1", 0}, {}).value();
    Socket dials = Socket::connect({"127.0.0.1", listener.local_port()}, {}).value();
    for (;;) {
        if (auto accepted = listener.accept({}).value()) return {std::move(dials), std::move(*accepted)};
    }
}

Pair plain_pair() {
    Sockets two = sockets();
    return {make_plain_stream(std::move(two.dials)), make_plain_stream(std::move(two.accepts))};
}

Pair tls_pair(const TlsCredentials& dials, const TlsCredentials& accepts) {
    Sockets two = sockets();
    const TlsContext a = TlsContext::make(dials, clock_now).value();
    const TlsContext b = TlsContext::make(accepts, clock_now).value();
    return {make_tls_stream(std::move(two.dials), a, StreamRole::dials),
            make_tls_stream(std::move(two.accepts), b, StreamRole::accepts)};
}

struct Outcome {
    std::optional<Error> dials, accepts;
};

// Until both ends have an answer. In TLS 1.3 the dialling end learns of a refusal only when it reads.
Outcome shake(Pair& pair) {
    bool up_dials = false, up_accepts = false;
    Outcome outcome;
    std::byte room[16];
    for (int turn = 0; turn < 100000; ++turn) {
        const auto step = [&](Stream& stream, bool& up, std::optional<Error>& error) {
            if (error) return;
            if (up) {
                if (const auto got = stream.read(room); !got) error = got.error();
            } else if (const auto done = stream.handshake(); !done) {
                error = done.error();
            } else {
                up = *done;
            }
        };
        step(*pair.dials, up_dials, outcome.dials);
        step(*pair.accepts, up_accepts, outcome.accepts);
        if ((outcome.dials && outcome.accepts) || (up_dials && up_accepts && turn > 50)) break;
    }
    return outcome;
}

std::vector<std::byte> noise(std::size_t size) {
    Random random(size);
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
    return bytes;
}

std::vector<std::byte> pass(Stream& from, Stream& to, std::span<const std::byte> head,
                            std::span<const std::byte> body) {
    std::vector<std::byte> got(head.size() + body.size() + 1);
    std::size_t sent = 0, received = 0;
    while (received < head.size() + body.size()) {
        const auto rest_of_head = head.subspan(std::min(sent, head.size()));
        const auto rest_of_body = body.subspan(sent < head.size() ? 0 : sent - head.size());
        sent += from.write(rest_of_head, rest_of_body).value();
        from.flush().value();
        received += to.read(std::span(got).subspan(received)).value();
    }
    CHECK(!from.has_unsent());
    got.pop_back();
    return got;
}

void check_transfer(Pair pair) {
    REQUIRE(!shake(pair).dials);
    const std::vector<std::byte> head = noise(40);
    for (std::size_t size : {0u, 1u, 16384u, 16385u, 3'000'001u}) {
        const std::vector<std::byte> body = noise(size);
        for (bool forth : {true, false}) {
            const auto got = forth ? pass(*pair.dials, *pair.accepts, head, body)
                                   : pass(*pair.accepts, *pair.dials, head, body);
            CHECK(std::equal(head.begin(), head.end(), got.begin()));
            CHECK(std::equal(body.begin(), body.end(), got.begin() + 40));
        }
    }
    CHECK(pair.dials->sent_bytes() == pair.accepts->received_bytes());
    CHECK(pair.accepts->sent_bytes() == pair.dials->received_bytes());
    CHECK(pair.dials->sent_bytes() > 3'000'001u);
}

}  // namespace

TEST_CASE("bytes pass unchanged and are counted alike at both ends, plain and in TLS") {
    check_transfer(plain_pair());
    check_transfer(tls_pair(credentials("a"), credentials("b")));
}

TEST_CASE("after the handshake each end knows who the other is") {
    Pair pair = tls_pair(credentials("jupiter"), credentials("leonardo"));
    const Outcome outcome = shake(pair);
    CHECK(!outcome.dials);
    CHECK(!outcome.accepts);
    CHECK(pair.dials->identity().name == "leonardo");
    CHECK(pair.accepts->identity().name == "jupiter");
    CHECK(pair.accepts->identity().organisation == "run-1");
}

TEST_CASE("TLS costs less than half a per cent of bytes on large writes") {
    Pair pair = tls_pair(credentials("a"), credentials("b"));
    shake(pair);
    const std::uint64_t before = pair.dials->sent_bytes();
    pass(*pair.dials, *pair.accepts, {}, noise(1'000'000));
    CHECK(pair.dials->sent_bytes() - before < 1'005'000);
}

TEST_CASE("a certificate from another authority is refused, and both ends say so") {
    const Issued other = make_authority({"authority", "run-1"}, fresh).value();
    TlsCredentials stranger = credentials("a", fresh, other);
    SUBCASE("the dialling end") {
        Pair pair = tls_pair(stranger, credentials("b"));
        const Outcome outcome = shake(pair);
        REQUIRE(outcome.accepts);
        REQUIRE(outcome.dials);
        CHECK(outcome.accepts->code == Code::refused);
        CHECK(outcome.accepts->message.find("not signed by this run's authority") != std::string::npos);
        CHECK(outcome.dials->message.find("our certificate is not signed") != std::string::npos);
    }
    SUBCASE("the accepting end") {
        Pair pair = tls_pair(credentials("b"), stranger);
        const Outcome outcome = shake(pair);
        REQUIRE(outcome.dials);
        REQUIRE(outcome.accepts);
        CHECK(outcome.dials->message.find("not signed by this run's authority") != std::string::npos);
        CHECK(outcome.accepts->message.find("our certificate is not signed") != std::string::npos);
    }
}

TEST_CASE("an expired and a future certificate are refused by the clock that was passed in") {
    Pair expired = tls_pair(credentials("a", valid_for(std::chrono::hours(9), std::chrono::hours(-1))),
                            credentials("b"));
    const Outcome outcome = shake(expired);
    REQUIRE(outcome.accepts);
    CHECK(outcome.accepts->message.find("has expired") != std::string::npos);
    REQUIRE(outcome.dials);
    CHECK(outcome.dials->message.find("our certificate has expired") != std::string::npos);
    Pair future = tls_pair(credentials("a"),
                           credentials("b", valid_for(std::chrono::hours(-1), std::chrono::hours(9))));
    CHECK(shake(future).dials->message.find("not valid yet") != std::string::npos);
}

TEST_CASE("an end that speaks no TLS is refused without harm") {
    Sockets two = sockets();
    const TlsContext context = TlsContext::make(credentials("b"), clock_now).value();
    Pair pair{make_plain_stream(std::move(two.dials)),
              make_tls_stream(std::move(two.accepts), context, StreamRole::accepts)};
    const std::vector<std::byte> bytes = noise(1000);
    pair.dials->write({}, bytes).value();
    std::optional<Error> error;
    for (int turn = 0; turn < 100000 && !error; ++turn) {
        if (const auto done = pair.accepts->handshake(); !done) error = done.error();
    }
    REQUIRE(error);
    CHECK(error->code == Code::refused);
}

TEST_CASE("an end that goes away is a closed connection") {
    Pair pair = tls_pair(credentials("a"), credentials("b"));
    shake(pair);
    pass(*pair.dials, *pair.accepts, {}, noise(10));
    pair.dials.reset();
    std::byte room[16];
    std::optional<Error> error;
    for (int turn = 0; turn < 100000 && !error; ++turn) {
        if (const auto got = pair.accepts->read(room); !got) error = got.error();
    }
    REQUIRE(error);
    CHECK(error->code == Code::unavailable);
    CHECK(error->message == "connection closed");
}

TEST_CASE("credentials that do not fit are named, without their text") {
    TlsCredentials mixed = credentials("a");
    mixed.key = credentials("b").key;
    const auto context = TlsContext::make(mixed, clock_now);
    REQUIRE(!context);
    CHECK(context.error().message.find("site key") != std::string::npos);
    mixed.key = "nonsense";
    CHECK(TlsContext::make(mixed, clock_now).error().message.find("nonsense") == std::string::npos);
    mixed.authority = "";
    CHECK(TlsContext::make(mixed, clock_now).error().message.find("run authority") != std::string::npos);
}
