#include "sync/conductor_message.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace euromesh::sync {
namespace {

Result<Message> decoded(std::uint16_t type, std::string_view text) {
    return decode_message(type, std::as_bytes(std::span(text.data(), text.size())));
}

Standing full_standing() {
    Standing standing;
    standing.role = Role::member;
    standing.position = {7, std::string(64, 'a'), 123456789012};
    standing.state = std::string(32, 'b');
    standing.promised = 65;
    standing.failed = 1;
    standing.wants = 3;
    standing.sees = {0, 2, 63};
    standing.ready = Ready{100, 30};
    standing.prepared = Prepared{65, std::string(32, 'c'), std::string(64, 'd'), 4000};
    return standing;
}

std::vector<Message> examples() {
    Plan plan{7, std::string(64, 'a'), 129, {{0, 0.25}, {2, 0.75}}};
    return {full_standing(), Standing{}, plan, Commit{129, R"({"run":"x"})"}};
}

}  // namespace

TEST_CASE("every message reads back as it was") {
    for (const Message& message : examples()) {
        CHECK(decoded(type_of(message), encode(message)).value() == message);
    }
}

TEST_CASE("an unknown type, a wrong field and limits are named") {
    CHECK_FALSE(decoded(9, "{}").has_value());
    CHECK(decoded(1, "{}").error().message == "standing: 'role' must be text");
    CHECK(decoded(2, R"({"round":1,"chain_head":"","ballot":-1,"members":[]})").error().message ==
          "plan: 'ballot' must be from 0 to 4294967295");
    CHECK_FALSE(decoded(2, R"({"round":1,"chain_head":"","ballot":1,"members":[]})").has_value());
    CHECK_FALSE(decoded(2, R"({"round":1,"chain_head":"","ballot":1,"members":[{"rank":64,"weight":1}]})"));
    CHECK_FALSE(decoded(2, R"({"round":1,"chain_head":"","ballot":1,"members":[{"rank":1,"weight":0}]})"));
    CHECK_FALSE(decoded(2, R"({"round":1,"chain_head":"","ballot":1,"members":[{"rank":1,"weight":0.5},)"
                           R"({"rank":1,"weight":0.5}]})"));
    Standing nothing = full_standing();
    nothing.ready->tokens = 0;
    CHECK_FALSE(decoded(1, encode(nothing)).has_value());
    nothing.ready = Ready{100, 0};
    CHECK_FALSE(decoded(1, encode(nothing)).has_value());
    Standing far = full_standing();
    far.sees = {64};
    CHECK(decoded(1, encode(far)).error().message == "standing: 'sees' must hold ranks");
    std::string role = encode(full_standing());
    role.replace(role.find("member"), 6, "master");
    CHECK(decoded(1, role).error().message == "standing: 'master' is no role");
}

TEST_CASE("the decoder survives any bytes") {
    Random random(3);
    for (const Message& message : examples()) {
        const std::string text = encode(message);
        for (int trial = 0; trial < 1000; ++trial) {
            std::string damaged = text;
            damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
            if (random.below(3) == 0) damaged.resize(random.below(damaged.size()));
            const auto result = decoded(static_cast<std::uint16_t>(random.below(5)), damaged);
            if (result) CHECK(decoded(type_of(*result), encode(*result)).value() == *result);
        }
    }
}

}  // namespace euromesh::sync
