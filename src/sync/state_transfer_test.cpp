#include "sync/state_transfer.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace euromesh::sync {
namespace {

SharedState random_state(std::size_t values) {
    Random random(values);
    OuterState state{std::vector<float>(values), std::vector<float>(values)};
    for (float& value : state.params) value = static_cast<float>(random.normal());
    for (float& value : state.momentum) value = static_cast<float>(random.normal());
    return std::make_shared<const OuterState>(std::move(state));
}

SharedState with_delayed_sum(const OuterState& of) {
    OuterState state = of;
    for (const float value : of.momentum) state.delayed.push_back(0.5f * value);
    return std::make_shared<const OuterState>(std::move(state));
}

Offer offer_of(const OuterState& state) {
    return {{7, std::string(64, 'a'), 1234}, state_digest(state), R"({"run":"x"})"};
}

std::vector<StateMessage> messages_of(const SharedState& state) {
    OutgoingState outgoing(offer_of(*state), state);
    std::vector<StateMessage> messages;
    while (auto message = outgoing.next()) messages.push_back(std::move(*message));
    return messages;
}

}  // namespace

TEST_CASE("a state of several pieces arrives as it was, with its position") {
    const SharedState state = random_state(700'000);
    const auto messages = messages_of(state);
    REQUIRE(messages.size() == 1 + 2 * 3);
    CHECK(messages[0].type == state_header_type);
    auto incoming = IncomingState::begin(messages[0].bytes, *state).value();
    for (std::size_t i = 1; i < messages.size(); ++i) {
        CHECK(messages[i].type == state_piece_type);
        CHECK_FALSE(incoming.complete());
        REQUIRE(incoming.add(messages[i].bytes).has_value());
    }
    REQUIRE(incoming.complete());
    CHECK(incoming.offer().position == offer_of(*state).position);
    CHECK(incoming.offer().last_line == R"({"run":"x"})");
    CHECK(incoming.take() == *state);
}

TEST_CASE("a delayed sum travels with its state, and nobody takes a state of other parts than its own") {
    const SharedState plain = random_state(300'000), state = with_delayed_sum(*plain);
    const auto messages = messages_of(state);
    REQUIRE(messages.size() == 1 + 3 * 2);
    auto incoming = IncomingState::begin(messages[0].bytes, *state).value();
    for (std::size_t i = 1; i < messages.size(); ++i) {
        CHECK_FALSE(incoming.complete());
        REQUIRE(incoming.add(messages[i].bytes).has_value());
    }
    REQUIRE(incoming.complete());
    CHECK(incoming.take() == *state);
    CHECK_FALSE(IncomingState::begin(messages[0].bytes, *plain).has_value());
    CHECK_FALSE(IncomingState::begin(messages_of(plain)[0].bytes, *state).has_value());
}

TEST_CASE("another model, a changed byte, too much and too little are noticed") {
    const SharedState state = random_state(1000);
    auto messages = messages_of(state);
    CHECK_FALSE(IncomingState::begin(messages[0].bytes, *random_state(999)).has_value());
    CHECK_FALSE(IncomingState::begin({}, *state).has_value());

    auto long_one = IncomingState::begin(messages[0].bytes, *state).value();
    std::vector<std::byte> too_long(4001);
    CHECK_FALSE(long_one.add(too_long).has_value());
    CHECK_FALSE(long_one.add({}).has_value());
    CHECK_FALSE(long_one.complete());

    messages[2].bytes[17] ^= std::byte{1};
    auto changed = IncomingState::begin(messages[0].bytes, *state).value();
    REQUIRE(changed.add(messages[1].bytes).has_value());
    const auto last = changed.add(messages[2].bytes);
    REQUIRE_FALSE(last.has_value());
    CHECK(last.error().code == Code::corrupted);
    CHECK_FALSE(changed.add(messages[2].bytes).has_value());  // after the end
}

TEST_CASE("a header of any bytes is refused in words") {
    const OuterState like = *random_state(10);
    const auto header = messages_of(random_state(10))[0].bytes;
    Random random(4);
    for (int trial = 0; trial < 2000; ++trial) {
        auto damaged = header;
        damaged[random.below(damaged.size())] = static_cast<std::byte>(random.below(256));
        if (random.below(2) == 0) damaged.resize(random.below(damaged.size()));
        const auto begun = IncomingState::begin(damaged, like);
        if (!begun) CHECK_FALSE(begun.error().message.empty());
    }
}

}  // namespace euromesh::sync
