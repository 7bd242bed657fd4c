#include "sync/exchange/relay_link.hpp"

#include <doctest/doctest.h>

#include "sync/exchange/s3_store_for_test.hpp"
#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const std::string secret = "a secret of both relays";

std::string put_segment(FolderStore& store, std::string_view folder, std::uint64_t offset,
                        std::size_t length) {
    const auto bytes = random_stream(length, offset + 1);
    const TetherName name{
        TetherKind::segment, {1, 2}, offset, static_cast<std::uint32_t>(length), sha256(bytes)};
    const std::string text = std::string(folder) + "/" + encode(name);
    REQUIRE(store.put(text, bytes, {}));
    return text;
}

std::size_t count_in(FolderStore& store) {
    return store.list("", 1000, {}).value().size();
}

struct Two {
    Two() { connect(); }
    void connect(const std::string& of_a = secret, const std::string& of_b = secret) {
        join(a, {"a", of_a, RelayRole::dials}, {"b", of_b, RelayRole::listens});
    }
    void join(FolderStore& store, RelayLinkConfig one, RelayLinkConfig other) {
        auto [near, far] = os::Socket::pair().value();
        link_a = std::make_unique<RelayLink>(store, std::move(one), std::move(near));
        link_b = std::make_unique<RelayLink>(b, std::move(other), std::move(far));
    }
    // Turns of both until both are idle, one fails, or `turns` are over.
    Status run(int turns = 100'000) {
        for (int i = 0; i < turns && !(link_a->is_idle() && link_b->is_idle()); ++i) {
            os::WaitItem items[] = {{&link_a->socket(), true, link_a->wants_write()},
                                    {&link_b->socket(), true, link_b->wants_write()}};
            os::wait_ready(items, std::chrono::milliseconds(1));
            EM_TRY(link_a->step(items[0].readable));
            EM_TRY(link_b->step(items[1].readable));
            EM_TRY(link_a->offer_new());
            EM_TRY(link_b->offer_new());
        }
        return {};
    }
    TestFolder folder{"link"};
    FolderStore a{folder.path() / "a"}, b{folder.path() / "b"};
    std::unique_ptr<RelayLink> link_a, link_b;
};

}  // namespace

TEST_CASE("both directions share a connection, and each file is in one spool only") {
    Two two;
    for (std::uint64_t i = 0; i < 40; ++i) put_segment(two.a, "run/a/b", i * 1'000'000, 100'000);
    const std::string large = put_segment(two.b, "run/b/a", 0, 5'000'000);
    put_segment(two.a, "run/a/c", 0, 10);  // of somebody else: stays
    REQUIRE(two.a.put("run/a/b/h-0000000000000001-0000000000000002", {}, {}));
    const Status ran = two.run();
    REQUIRE_MESSAGE(ran, (ran ? "" : ran.error().message));
    CHECK(count_in(two.a) == 2);
    CHECK(count_in(two.b) == 41);
    CHECK(two.link_a->counts().files_out == 41);
    CHECK(two.link_a->counts().bytes_in == 5'000'000);
    std::vector<std::byte> back(5'000'000);
    CHECK(two.a.get(large, 0, back, {}).value() == back.size());
    CHECK((back == random_stream(5'000'000, 1)));
}

TEST_CASE("a transfer that was cut goes on from the byte where it was") {
    Two two;
    const std::string name = put_segment(two.a, "run/a/b", 0, 20'000'000);
    int cuts = 0;
    while (count_in(two.b) == 0 && cuts < 100) {
        REQUIRE(two.run(25));
        two.connect();
        ++cuts;
    }
    REQUIRE(two.run());
    CHECK(cuts > 1);
    CHECK(count_in(two.a) == 0);
    std::vector<std::byte> back(20'000'000);
    CHECK(two.b.get(name, 0, back, {}).value() == back.size());
    CHECK((back == random_stream(20'000'000, 1)));
}

TEST_CASE("a depot keeps what a site sends for another, and gives it to that one only") {
    Two two;
    FolderStore c(two.folder.path() / "c");
    const auto visit = [&](FolderStore& store, const std::string& site) {
        two.join(store, {site, secret, RelayRole::dials},
                 {std::string(relay_depot), secret, RelayRole::listens});
        const Status ran = two.run();
        REQUIRE_MESSAGE(ran, (ran ? "" : ran.error().message));
    };
    const std::string name = put_segment(two.a, "run/a/c", 0, 1000);
    put_segment(two.a, "run/a/d", 0, 1000);
    put_segment(two.a, "run/c/a", 0, 10);  // has come, and is not read yet: it stays
    visit(two.a, "a");
    CHECK(count_in(two.a) == 1);
    CHECK(count_in(two.b) == 2);

    put_segment(c, "run/c/a", 7, 500);
    visit(c, "c");
    CHECK(count_in(c) == 1);
    std::vector<std::byte> back(1000);
    CHECK(c.get(name, 0, back, {}).value() == back.size());
    CHECK(count_in(two.b) == 2);

    visit(two.a, "a");
    CHECK(count_in(two.a) == 2);
    CHECK(count_in(two.b) == 1);
}

TEST_CASE("who does not know the secret gets nothing and brings nothing") {
    Two two;
    put_segment(two.a, "run/a/b", 0, 1000);
    put_segment(two.b, "run/b/a", 0, 1000);
    two.connect(secret, "another secret altogether");
    const Status refused = two.run(1000);
    REQUIRE(!refused);
    CHECK(refused.error().code == Code::refused);
    CHECK(refused.error().message.find("secret") != std::string::npos);
    CHECK(refused.error().message.find("another") == std::string::npos);
    CHECK(count_in(two.a) == 1);
    CHECK(count_in(two.b) == 1);
}

TEST_CASE("bytes that are no relay end the connection, whatever they are") {
    const TestFolder folder("noise");
    FolderStore store(folder.path());
    Random random(11);
    for (int i = 0; i < 300; ++i) {
        auto [near, far] = os::Socket::pair().value();
        RelayLink link(store, {"a", secret, RelayRole::listens}, std::move(far));
        auto noise = random_stream(200, random.next());
        const std::byte magic[] = {std::byte{0x45}, std::byte{0x4d}, std::byte{0x52}, std::byte{0x31}};
        if (i % 2 == 0) std::copy(std::begin(magic), std::end(magic), noise.begin());
        if (i % 4 == 0) std::fill(noise.begin() + 5, noise.begin() + 16, std::byte{0});
        const iovec piece{noise.data(), noise.size()};
        REQUIRE(near.send({&piece, 1}).value() == noise.size());
        near = os::Socket();
        Status status;
        for (int turn = 0; turn < 20 && status; ++turn) status = link.step(true);
        CHECK(!status);
        CHECK(!link.is_known());
    }
    CHECK(count_in(store) == 0);
}

TEST_CASE("a secret has at least 16 bytes, and its last newline does not count") {
    const TestFolder folder("secret");
    REQUIRE(os::write_file_atomically(folder.path() / "good", secret + "\n"));
    REQUIRE(os::write_file_atomically(folder.path() / "short", "0123456789abcde\n"));
    CHECK(read_relay_secret(folder.path() / "good").value() == secret);
    CHECK(read_relay_secret(folder.path() / "short").error().code == Code::bad_input);
    CHECK(read_relay_secret(folder.path() / "none").error().code == Code::not_found);
}
