#include "sync/exchange/gather.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/random.hpp"
#include "sync/codec_topk.hpp"
#include "sync/exchange/sites_for_test.hpp"

namespace euromesh::sync {
namespace {

std::vector<std::byte> encoded(const Codec& codec, std::size_t size, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>(random.normal());
    std::vector<std::byte> bytes(codec.encoded_bytes(size));
    codec.encode(values, bytes);
    return bytes;
}

struct Gathering {
    Gathering(std::size_t count, std::size_t size, const Codec& with) : sites(count), codec(with) {
        sites.start_all();
        REQUIRE(sites.until([&] { return sites.all_up(); }));
        for (Rank rank = 0; rank < count; ++rank) {
            members.push_back({rank, 0.25f + 0.5f * static_cast<float>(rank)});
            mine.push_back(encoded(codec, size, rank + 1));
            result.emplace_back(size, -1.0f);
            gathers.push_back(std::make_unique<AllGather>(*sites.meshes[rank], codec));
        }
    }

    void start(const ReduceKey& key) {
        for (const ReduceMember& member : members) {
            REQUIRE(gathers[member.rank]->start(key, members, mine[member.rank], result[member.rank]));
            sites.turn();
        }
    }
    bool all_done() const {
        for (const ReduceMember& member : members) {
            if (!gathers[member.rank]->done()) return false;
        }
        return true;
    }
    bool finish() {
        return sites.until([&] { return all_done(); });
    }

    void check_result() {
        std::vector<float> expected(result[0].size(), 0.0f);
        std::vector<std::byte> all;
        for (const ReduceMember& member : members) {
            codec.accumulate(mine[member.rank], member.weight, expected);
            all.insert(all.end(), mine[member.rank].begin(), mine[member.rank].end());
        }
        for (const ReduceMember& member : members) {
            REQUIRE(gathers[member.rank]->outcome());
            CHECK(std::memcmp(result[member.rank].data(), expected.data(), expected.size() * sizeof(float)) ==
                  0);
            CHECK(gathers[member.rank]->take_result() == all);
        }
    }

    SitesForTest sites;
    const Codec& codec;
    std::vector<ReduceMember> members;
    std::vector<std::vector<std::byte>> mine;
    std::vector<std::vector<float>> result;
    std::vector<std::unique_ptr<AllGather>> gathers;
};

}  // namespace

TEST_CASE("everybody adds up the same contributions in the same order") {
    for (const std::size_t size : {1u, 4096u, 100'000u}) {
        Gathering gathering(3, size, topk_codec());
        gathering.start({1, 1, 0});
        REQUIRE(gathering.finish());
        gathering.check_result();
    }
}

TEST_CASE("a contribution of many chunks, dense codecs too, and one round after another") {
    Gathering gathering(2, 3'000'000, **find_codec("int8"));
    for (std::uint32_t round = 0; round < 3; ++round) {
        gathering.start({round, 1, 0});
        REQUIRE(gathering.finish());
        gathering.check_result();
    }
}

TEST_CASE("one site alone gets its own") {
    Gathering gathering(1, 5000, topk_codec());
    gathering.start({1, 1, 0});
    REQUIRE(gathering.finish());
    gathering.check_result();
}

TEST_CASE("a member that is lost is named, and the others can go on without it") {
    Gathering gathering(3, 2'000'000, topk_codec());
    for (const Rank rank : {0u, 1u}) {
        REQUIRE(gathering.gathers[rank]->start({1, 1, 0}, gathering.members, gathering.mine[rank],
                                               gathering.result[rank]));
    }
    gathering.sites.turn();
    gathering.gathers[2].reset();
    gathering.sites.meshes[2].reset();
    REQUIRE(
        gathering.sites.until([&] { return gathering.gathers[0]->done() && gathering.gathers[1]->done(); }));
    CHECK(has(gathering.gathers[0]->outcome().error().message, "site2"));
    gathering.members.pop_back();
    gathering.start({1, 2, 0});
    REQUIRE(gathering.finish());
    gathering.check_result();
}

TEST_CASE("a contribution that is not finite is named") {
    Gathering gathering(2, 5000, topk_codec());
    std::vector<float> values(5000, std::numeric_limits<float>::quiet_NaN());
    gathering.codec.encode(values, gathering.mine[1]);
    gathering.start({1, 1, 0});
    REQUIRE(gathering.finish());
    for (const auto& gather : gathering.gathers) {
        CHECK(has(gather->outcome().error().message, "contribution of site site1 is not finite"));
    }
}

TEST_CASE("a contribution longer than it says is named") {
    Gathering gathering(2, 5000, topk_codec());
    for (ReduceMember& member : gathering.members) member.norm = 500;
    gathering.start({1, 1, 0});
    REQUIRE(gathering.finish());
    gathering.check_result();
    gathering.members[1].norm = 0.01;
    gathering.members[0].norm = 0.01;
    gathering.codec.encode(std::vector<float>(5000, 1e-4f), gathering.mine[0]);
    gathering.start({2, 1, 0});
    REQUIRE(gathering.finish());
    for (const auto& gather : gathering.gathers) {
        CHECK(has(gather->outcome().error().message, "site1 is longer than it says"));
        CHECK(gather->culprit() == Rank{1});
    }
}

TEST_CASE("what cannot be gathered is refused before anything is sent") {
    Gathering gathering(2, 100, topk_codec());
    auto& gather = *gathering.gathers[0];
    const auto complaint = [&](std::vector<ReduceMember> members) {
        const Status status =
            gather.start({1, 1, 0}, std::move(members), gathering.mine[0], gathering.result[0]);
        return status ? std::string() : status.error().message;
    };
    CHECK(has(complaint({{1, 1.0f}}), "this site is not a member"));
    CHECK(has(complaint({{0, 1.0f}, {7, 1.0f}}), "no site has rank 7"));
    CHECK(has(complaint({{0, 1.0f}, {0, 1.0f}}), "a member twice"));
    CHECK(has(complaint({{0, std::nanf("")}}), "not finite"));
}

TEST_CASE("sites that disagree on the size are told") {
    Gathering gathering(2, 100'000, topk_codec());
    gathering.mine[1] = encoded(gathering.codec, 200'000, 9);
    gathering.result[1].resize(200'000);
    gathering.start({1, 1, 0});
    REQUIRE(gathering.finish());
    bool told = false;
    for (const auto& gather : gathering.gathers) told = told || !gather->outcome();
    CHECK(told);
}

TEST_CASE("adding up again gives the same, and refuses what is not finite") {
    const Codec& codec = topk_codec();
    std::vector<std::byte> bytes = encoded(codec, 9000, 1);
    const auto second = encoded(codec, 9000, 2);
    bytes.insert(bytes.end(), second.begin(), second.end());
    const std::vector<float> weights{0.25f, 0.75f};
    std::vector<float> result(9000), expected(9000, 0.0f);
    REQUIRE(add_up(codec, bytes, weights, result));
    codec.accumulate(std::span(bytes).first(bytes.size() / 2), 0.25f, expected);
    codec.accumulate(second, 0.75f, expected);
    CHECK(result == expected);
    std::fill_n(bytes.begin(), 4, std::byte{0xff});
    CHECK_FALSE(add_up(codec, bytes, weights, result).has_value());
}

}  // namespace euromesh::sync
