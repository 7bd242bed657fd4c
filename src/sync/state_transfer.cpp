#include "sync/state_transfer.hpp"

#include <algorithm>
#include <cstring>

#include "base/json.hpp"

namespace euromesh::sync {
namespace {

constexpr std::string_view where = "state header";

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    return {bytes.begin(), bytes.end()};
}

// All parts have one size, so that a position in bytes says which part and where.
template <class State>
auto rest_of_part(State& state, std::size_t offset) {
    const std::size_t part = state.params.size() * sizeof(float);
    auto& values = offset < part ? state.params : offset < 2 * part ? state.momentum : state.delayed;
    if constexpr (std::is_const_v<State>) {
        return std::as_bytes(std::span(values)).subspan(offset % part);
    } else {
        return std::as_writable_bytes(std::span(values)).subspan(offset % part);
    }
}

std::size_t parts_of(const OuterState& state) {
    return state.delayed.empty() ? 2 : 3;
}

Result<std::uint64_t> read_count(const Json& json, std::string_view key) {
    EM_ASSIGN(const std::int64_t value, json_integer(json, key, where));
    if (value < 0) return fail(Code::corrupted, "{}: '{}' must not be negative", where, key);
    return static_cast<std::uint64_t>(value);
}

}  // namespace

std::size_t OutgoingState::total_bytes() const {
    return parts_of(*state_) * state_->params.size() * sizeof(float);
}

std::span<const std::byte> OutgoingState::piece_at(std::size_t offset) const {
    const auto rest = rest_of_part(*state_, offset);
    return rest.first(std::min(rest.size(), state_piece_bytes));
}

std::optional<StateMessage> OutgoingState::next() {
    if (!header_sent_) {
        header_sent_ = true;
        const Json header{{"round", offer_.position.round},
                          {"chain_head", offer_.position.chain_head},
                          {"tokens_total", offer_.position.tokens_total},
                          {"state", offer_.state},
                          {"last_line", offer_.last_line},
                          {"values", state_->params.size()},
                          {"parts", parts_of(*state_)}};
        return StateMessage{state_header_type, bytes_of(header.dump())};
    }
    if (sent_ == total_bytes()) return std::nullopt;
    const auto piece = piece_at(sent_);
    sent_ += piece.size();
    return StateMessage{state_piece_type, {piece.begin(), piece.end()}};
}

Result<IncomingState> IncomingState::begin(std::span<const std::byte> header, const OuterState& like) {
    const std::size_t values = like.params.size();
    EM_ASSIGN(const Json json, parse_json({reinterpret_cast<const char*>(header.data()), header.size()},
                                          2 * manifest_max_bytes));
    IncomingState incoming;
    Position& position = incoming.offer_.position;
    EM_ASSIGN(position.round, read_count(json, "round"));
    EM_ASSIGN(position.chain_head, json_string(json, "chain_head", where));
    EM_ASSIGN(position.tokens_total, read_count(json, "tokens_total"));
    EM_ASSIGN(incoming.offer_.state, json_string(json, "state", where));
    EM_ASSIGN(incoming.offer_.last_line, json_string(json, "last_line", where));
    EM_ASSIGN(const std::uint64_t announced, read_count(json, "values"));
    if (announced != values) {
        return fail(Code::corrupted, "{}: {} values are announced, this model has {}", where, announced,
                    values);
    }
    EM_ASSIGN(const std::uint64_t parts, read_count(json, "parts"));
    if (parts != parts_of(like)) {
        return fail(Code::corrupted, "{}: {} parts are announced, a state of this run has {}", where, parts,
                    parts_of(like));
    }
    incoming.state_.params.resize(values);
    incoming.state_.momentum.resize(values);
    incoming.state_.delayed.resize(like.delayed.size());
    return incoming;
}

bool IncomingState::complete() const {
    return received_ == parts_of(state_) * state_.params.size() * sizeof(float);
}

Status IncomingState::add(std::span<const std::byte> piece) {
    if (complete()) return fail(Code::corrupted, "a state goes on after its end");
    const auto room = rest_of_part(state_, received_);
    if (piece.empty() || piece.size() > room.size()) {
        return fail(Code::corrupted, "a piece of a state has {} bytes, there is room for {}", piece.size(),
                    room.size());
    }
    std::memcpy(room.data(), piece.data(), piece.size());
    received_ += piece.size();
    if (complete() && state_digest(state_) != offer_.state) {
        return fail(Code::corrupted, "a state of round {} arrived with another digest than announced",
                    offer_.position.round);
    }
    return {};
}

}  // namespace euromesh::sync
