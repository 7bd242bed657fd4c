#include "sync/result_transfer.hpp"

#include <algorithm>
#include <cstring>

#include "base/json.hpp"

namespace euromesh::sync {
namespace {

constexpr std::string_view where = "result header";
constexpr std::size_t header_max_bytes = 256;

Status expect(const Json& json, std::string_view key, std::uint64_t right) {
    EM_ASSIGN(const std::int64_t value, json_integer(json, key, where));
    if (value < 0 || static_cast<std::uint64_t>(value) != right) {
        return fail(Code::corrupted, "{}: '{}' is {}, expected {}", where, key, value, right);
    }
    return {};
}

}  // namespace

std::optional<StateMessage> OutgoingResult::next() {
    if (!header_sent_) {
        header_sent_ = true;
        const std::string text = Json{{"round", round_}, {"bytes", bytes_->size()}}.dump();
        const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
        return StateMessage{result_header_type, {bytes.begin(), bytes.end()}};
    }
    if (sent_ == bytes_->size()) return std::nullopt;
    const auto rest = std::span(*bytes_).subspan(sent_);
    const auto piece = rest.first(std::min(rest.size(), state_piece_bytes));
    sent_ += piece.size();
    return StateMessage{result_piece_type, {piece.begin(), piece.end()}};
}

Result<IncomingResult> IncomingResult::begin(std::span<const std::byte> header, std::uint64_t round,
                                             std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(header.data()), header.size());
    EM_ASSIGN(const Json json, parse_json(text, header_max_bytes));
    EM_TRY(expect(json, "round", round));
    EM_TRY(expect(json, "bytes", size));
    IncomingResult incoming;
    incoming.round_ = round;
    incoming.bytes_.resize(size);
    return incoming;
}

Status IncomingResult::add(std::span<const std::byte> piece) {
    if (piece.empty() || piece.size() > bytes_.size() - received_) {
        return fail(Code::corrupted, "a piece of the result of round {} has {} bytes, {} are missing", round_,
                    piece.size(), bytes_.size() - received_);
    }
    std::memcpy(bytes_.data() + received_, piece.data(), piece.size());
    received_ += piece.size();
    return {};
}

}  // namespace euromesh::sync
