#include "sync/exchange/reduce.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/os/thread.hpp"
#include "base/random.hpp"
#include "sync/exchange/sites_for_test.hpp"
#include "sync/outer.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

std::vector<float> values_of(std::size_t size, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

float weight_of(Rank rank) {
    return 0.25f + 0.5f * static_cast<float>(rank);
}

// The contract of reduce.hpp, word for word, without shards or chunks.
std::vector<float> reference(const Codec& codec, const std::vector<ReduceMember>& members,
                             const std::vector<std::vector<float>>& mine) {
    const std::size_t size = mine[0].size();
    std::vector<std::byte> bytes(codec.encoded_bytes(size));
    std::vector<float> decoded(size), sum(size, 0.0f);
    for (const ReduceMember& member : members) {
        codec.encode(mine[member.rank], bytes);
        codec.decode(bytes, decoded);
        for (std::size_t i = 0; i < size; ++i) sum[i] += member.weight * decoded[i];
    }
    codec.encode(sum, bytes);
    codec.decode(bytes, sum);
    return sum;
}

struct TestReduction {
    TestReduction(std::size_t count, const char* codec_name, std::size_t size, bool tls = true,
                  ReduceOptions options = {})
        : sites(count, tls), codec(**find_codec(codec_name)) {
        sites.start_all();
        REQUIRE(sites.until([&] { return sites.all_up(); }));
        for (Rank rank = 0; rank < count; ++rank) {
            members.push_back({rank, weight_of(rank)});
            mine.push_back(values_of(size, rank + 1));
            result.emplace_back(size, -1.0f);
            reduces.push_back(std::make_unique<AllReduce>(*sites.meshes[rank], codec, options));
        }
    }

    void start(const ReduceKey& key) {
        for (const ReduceMember& member : members) {
            REQUIRE(reduces[member.rank]->start(key, members, mine[member.rank], result[member.rank]));
            sites.turn();
        }
    }

    bool finish() {
        return sites.until([&] {
            for (const auto& reduce : reduces) {
                if (!reduce->done()) return false;
            }
            return true;
        });
    }

    void check_result() {
        const std::vector<float> expected = reference(codec, members, mine);
        for (const ReduceMember& member : members) {
            REQUIRE(reduces[member.rank]->outcome());
            const bool equal = expected.empty() || std::memcmp(result[member.rank].data(), expected.data(),
                                                               expected.size() * sizeof(float)) == 0;
            CHECK(equal);
        }
    }

    SitesForTest sites;
    const Codec& codec;
    std::vector<ReduceMember> members;
    std::vector<std::vector<float>> mine, result;
    std::vector<std::unique_ptr<AllReduce>> reduces;
};

ReduceOptions small_chunks() {
    ReduceOptions options;
    options.chunk_values = 1000;
    return options;
}

}  // namespace

TEST_CASE("all members get the bits of the reference: every codec, size and number of members") {
    for (const char* codec : {"fp32", "bf16", "fp16", "int8", "int4", "e3m0"}) {
        for (std::size_t count : {1u, 2u, 3u, 5u}) {
            for (std::size_t size : {0u, 1u, 3u, 257u, 10'001u}) {
                CAPTURE(codec);
                CAPTURE(count);
                CAPTURE(size);
                TestReduction reduction(count, codec, size, count < 5, small_chunks());
                reduction.start({1, 1, 0});
                REQUIRE(reduction.finish());
                reduction.check_result();
            }
        }
    }
}

TEST_CASE("large fragments, several rounds over the same connections, plain and TLS") {
    for (bool tls : {false, true}) {
        TestReduction reduction(3, "int8", 3'000'017, tls);
        for (std::uint32_t round = 1; round <= 3; ++round) {
            reduction.start({round, 1, 0});
            REQUIRE(reduction.finish());
            reduction.check_result();
            reduction.mine[0] = reduction.result[0];
        }
    }
}

TEST_CASE("the order of the member list is the order of the sum, whatever the ranks") {
    TestReduction reduction(3, "fp32", 5000, true, small_chunks());
    reduction.members = {{2, 0.1f}, {0, 0.7f}, {1, 0.2f}};
    reduction.start({1, 1, 0});
    REQUIRE(reduction.finish());
    reduction.check_result();
    const std::vector<float> other =
        reference(reduction.codec, {{0, 0.7f}, {1, 0.2f}, {2, 0.1f}}, reduction.mine);
    CHECK(other != reduction.result[0]);
}

TEST_CASE("fp32 may be reduced in place") {
    TestReduction reduction(3, "fp32", 100'003, true, small_chunks());
    const std::vector<float> expected = reference(reduction.codec, reduction.members, reduction.mine);
    for (Rank rank = 0; rank < 3; ++rank) {
        REQUIRE(reduction.reduces[rank]->start({1, 1, 0}, reduction.members, reduction.mine[rank],
                                               reduction.mine[rank]));
    }
    REQUIRE(reduction.finish());
    for (Rank rank = 0; rank < 3; ++rank) CHECK(reduction.mine[rank] == expected);
}

TEST_CASE("a hub gives the same bits as shared work") {
    ReduceOptions options = small_chunks();
    options.hub = 1;
    for (const char* codec : {"fp32", "int8"}) {
        TestReduction reduction(3, codec, 10'001, false, options);
        reduction.start({1, 1, 0});
        REQUIRE(reduction.finish());
        reduction.check_result();
    }
}

TEST_CASE("a subset of the sites reduces; the others are not touched") {
    TestReduction reduction(4, "int8", 5000, false, small_chunks());
    reduction.members = {{1, 0.5f}, {3, 0.5f}};
    reduction.start({1, 1, 0});
    REQUIRE(reduction.finish());
    reduction.check_result();
    CHECK(reduction.result[0] == std::vector<float>(5000, -1.0f));
}

TEST_CASE("the digest is that of the encoded contribution as a whole") {
    for (const char* codec : {"fp32", "int8"}) {
        ReduceOptions options = small_chunks();
        options.digest_contribution = true;
        TestReduction reduction(3, codec, 10'001, false, options);
        reduction.start({1, 1, 0});
        REQUIRE(reduction.finish());
        reduction.check_result();
        std::vector<std::byte> bytes(reduction.codec.encoded_bytes(10'001));
        reduction.codec.encode(reduction.mine[2], bytes);
        CHECK(reduction.reduces[2]->contribution_digest() == sha256(std::span<const std::byte>(bytes)));
    }
}

TEST_CASE(
    "a member that dies in the middle ends the reduction of the others, by name; they go on without it") {
    TestReduction reduction(3, "fp32", 3'000'000);
    reduction.start({1, 1, 0});
    const auto moved = [&] { return reduction.sites.meshes[0]->traffic(1).received_bytes > 1'000'000; };
    REQUIRE(reduction.sites.until(moved));
    REQUIRE(!reduction.reduces[0]->done());
    reduction.reduces[1]->abort();
    reduction.reduces[1].reset();
    reduction.sites.meshes[1].reset();
    const auto ended = [&] { return reduction.reduces[0]->done() && reduction.reduces[2]->done(); };
    REQUIRE(reduction.sites.until(ended));
    for (Rank rank : {0u, 2u}) {
        const Status outcome = reduction.reduces[rank]->outcome();
        REQUIRE(!outcome);
        CHECK(outcome.error().code == Code::unavailable);
        CHECK(has(outcome.error().message, "lost site site1: connection closed"));
    }
    reduction.members = {{0, 0.5f}, {2, 0.5f}};
    reduction.start({1, 2, 0});
    REQUIRE(reduction.sites.until(ended));
    reduction.check_result();
}

TEST_CASE("a member that is done may leave while the others still work") {
    TestReduction reduction(3, "fp32", 3'000'000, true, small_chunks());
    reduction.start({1, 1, 0});
    REQUIRE(reduction.sites.until([&] { return reduction.reduces[1]->done(); }));
    REQUIRE(reduction.reduces[1]->outcome());
    reduction.reduces[1].reset();
    reduction.sites.meshes[1].reset();
    REQUIRE(
        reduction.sites.until([&] { return reduction.reduces[0]->done() && reduction.reduces[2]->done(); }));
    CHECK(reduction.reduces[0]->outcome());
    CHECK(reduction.reduces[2]->outcome());
    CHECK(reduction.result[0] == reduction.result[2]);
    CHECK(reduction.result[0] == reduction.result[1]);
}

TEST_CASE("frames of an aborted attempt do not disturb the next one") {
    TestReduction reduction(3, "int8", 2'000'000, false);
    for (std::uint32_t attempt = 1; attempt <= 20; ++attempt) {
        reduction.start({1, attempt, 0});
        for (std::uint32_t turns = 0; turns < attempt; ++turns) reduction.sites.turn();
        for (const auto& reduce : reduction.reduces) reduce->abort();
        CHECK(reduction.reduces[0]->done());
        for (auto& values : reduction.mine) values[0] += 1.0f;
    }
    CHECK(reduction.reduces[0]->outcome().error().code == Code::cancelled);
    reduction.start({1, 21, 0});
    REQUIRE(reduction.finish());
    reduction.check_result();
    CHECK(reduction.sites.all_up());
}

TEST_CASE("one site aborts alone: the others' next attempt with it succeeds") {
    TestReduction reduction(2, "fp32", 1'000'000);
    reduction.start({1, 1, 0});
    reduction.sites.turn();
    reduction.reduces[0]->abort();
    for (int i = 0; i < 10; ++i) reduction.sites.turn();
    CHECK(!reduction.reduces[1]->done());
    reduction.reduces[1]->abort();
    reduction.start({1, 2, 0});
    REQUIRE(reduction.finish());
    reduction.check_result();
}

TEST_CASE("a contribution that is not finite is named and goes no further") {
    for (const char* codec : {"fp32", "int8"}) {
        TestReduction reduction(2, codec, 1000);
        reduction.mine[1][3] = std::numeric_limits<float>::quiet_NaN();
        reduction.start({1, 1, 0});
        REQUIRE(reduction.sites.until([&] { return reduction.reduces[0]->done(); }));
        const Status outcome = reduction.reduces[0]->outcome();
        REQUIRE(!outcome);
        CHECK(outcome.error().code == Code::corrupted);
        CHECK(has(outcome.error().message, "contribution of site site1 is not finite"));
        for (int i = 0; i < 10; ++i) reduction.sites.turn();
        CHECK(!reduction.reduces[1]->done());
        CHECK(reduction.result[1][0] == -1.0f);
    }
}

TEST_CASE("a contribution longer than it says is named, whoever owns the shard") {
    for (const char* codec : {"fp32", "int8", "int4"}) {
        TestReduction reduction(3, codec, 50'000, true, small_chunks());
        for (Rank rank = 0; rank < 3; ++rank) {
            reduction.members[rank].weight = 1.0f / 3;
            reduction.members[rank].norm = norm(reduction.mine[rank]);
        }
        reduction.start({1, 1, 0});
        REQUIRE(reduction.finish());
        for (const auto& reduce : reduction.reduces) CHECK(reduce->outcome().has_value());
        for (float& value : reduction.mine[1]) value *= 1000.0f;
        reduction.start({2, 1, 0});
        REQUIRE(reduction.sites.until([&] {
            for (const auto& reduce : reduction.reduces) {
                if (!reduce->done()) continue;
                CHECK(has(reduce->outcome().error().message, "site1 is longer than it says"));
                CHECK(reduce->culprit() == Rank{1});
                return true;
            }
            return false;
        }));
    }
}

TEST_CASE("members that disagree on sizes are told, not summed") {
    TestReduction reduction(2, "fp32", 1000, false, small_chunks());
    reduction.mine[1].resize(500);
    reduction.result[1].resize(500);
    reduction.start({1, 1, 0});
    REQUIRE(reduction.finish());
    CHECK(!reduction.reduces[0]->outcome());
    CHECK(!reduction.reduces[1]->outcome());
    CHECK(
        has(reduction.reduces[0]->outcome().error().message + reduction.reduces[1]->outcome().error().message,
            "do the sites agree on codec and members?"));
}

TEST_CASE("what cannot be reduced is refused before anything is sent") {
    TestReduction reduction(2, "fp32", 10);
    std::vector<float>& values = reduction.mine[0];
    const auto refused = [&](std::vector<ReduceMember> members) {
        return reduction.reduces[0]->start({1, 1, 0}, std::move(members), values, values).error().code;
    };
    CHECK(refused({}) == Code::bad_input);
    CHECK(refused({{1, 1.0f}}) == Code::bad_input);
    CHECK(refused({{0, 1.0f}, {0, 1.0f}}) == Code::bad_input);
    CHECK(refused({{0, 1.0f}, {2, 1.0f}}) == Code::bad_input);
    CHECK(refused({{0, std::numeric_limits<float>::infinity()}}) == Code::bad_input);
    reduction.reduces[1].reset();
    reduction.sites.meshes[1].reset();
    REQUIRE(reduction.sites.until([&] { return !reduction.sites.meshes[0]->is_up(1); }));
    CHECK(refused({{0, 1.0f}, {1, 1.0f}}) == Code::unavailable);
}

TEST_CASE("sites in threads of their own reduce alike") {
    SitesForTest sites(3);
    sites.start_all();
    const Codec& codec = **find_codec("int8");
    std::vector<std::vector<float>> mine, result(3, std::vector<float>(500'000));
    for (Rank rank = 0; rank < 3; ++rank) mine.push_back(values_of(500'000, rank));
    const std::vector<ReduceMember> members = {{0, 0.5f}, {1, 0.25f}, {2, 0.25f}};
    std::vector<int> rounds(3, 0);
    {
        std::vector<os::Thread> threads;
        for (Rank rank = 0; rank < 3; ++rank) {
            threads.emplace_back([&, rank] {
                Mesh& mesh = *sites.meshes[rank];
                while (!mesh.is_up((rank + 1) % 3) || !mesh.is_up((rank + 2) % 3))
                    mesh.poll(std::chrono::milliseconds(5));
                AllReduce reduce(mesh, codec);
                for (std::uint32_t round = 1; round <= 5; ++round) {
                    if (!reduce.start({round, 1, 0}, members, mine[rank], result[rank])) return;
                    while (!reduce.done()) mesh.poll(std::chrono::milliseconds(5));
                    rounds[rank] += reduce.outcome().has_value();
                }
            });
        }
    }
    CHECK(rounds == std::vector<int>{5, 5, 5});
    const std::vector<float> expected = reference(codec, members, mine);
    for (Rank rank = 0; rank < 3; ++rank) CHECK(result[rank] == expected);
}
