#include "apps/verify/world.hpp"

#include <algorithm>

#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

constexpr std::int64_t amount_most = std::int64_t{1} << 60;
constexpr std::size_t signatures_most = 64;
const Json nothing = nullptr;

}  // namespace

const Json& part_in(const Json& object, std::string_view name) {
    if (!object.is_object()) return nothing;
    const auto found = object.find(std::string(name));
    return found == object.end() ? nothing : *found;
}

std::string text_in(const Json& object, std::string_view name) {
    const Json& part = part_in(object, name);
    return part.is_string() ? part.get<std::string>() : "";
}

std::int64_t number_in(const Json& object, std::string_view name) {
    const Json& part = part_in(object, name);
    return part.is_number_integer() ? part.get<std::int64_t>() : 0;
}

bool flag_in(const Json& object, std::string_view name) {
    return part_in(object, name) == true;
}

bool holds_text(const Json& list, std::string_view text) {
    return list.is_array() && std::find(list.begin(), list.end(), text) != list.end();
}

Result<std::int64_t> amount_in(const Json& object, std::string_view name) {
    const Json& part = part_in(object, name);
    const std::int64_t amount = number_in(object, name);
    if ((part.is_null() || part.is_number_integer()) && amount >= 0 && amount <= amount_most) return amount;
    return fail(Code::bad_input, "'{}' is {}, which is no amount", name, part.dump().substr(0, 40));
}

std::int64_t milli_gpu_hours(std::int64_t gpus, std::int64_t duration_ms) {
    constexpr std::int64_t most = 1'000'000'000'000'000;
    if (gpus <= 0 || duration_ms <= 0) return 0;
    if (duration_ms > most / gpus) return most;
    return std::min(most, (gpus * duration_ms + 3599) / 3600);
}

bool is_administrator(const World& world, std::string_view account) {
    return holds_text(part_in(world.federation, "administrators"), account);
}

Status check_board(const World& world, const Json& signatures, std::string_view message,
                   std::int64_t needed) {
    std::set<Key> signers;
    if (!signatures.is_array() || signatures.size() > signatures_most)
        return fail(Code::bad_input, "its signatures are no list of at most {}", signatures_most);
    for (const Json& one : signatures) {
        const std::string holder = text_in(one, "key");
        const auto key = world.board.find(holder);
        SignatureBytes signature{};
        if (key == world.board.end() || !read_hex(text_in(one, "signature"), signature) ||
            !signature_holds(key->second, message, signature))
            return fail(Code::bad_input, "the signature of '{}' does not hold", holder.substr(0, 64));
        signers.insert(key->second);
    }
    if (static_cast<std::int64_t>(signers.size()) >= needed) return {};
    return fail(Code::bad_input, "it has {} signatures of the board, {} are needed", signers.size(), needed);
}

}  // namespace euromesh::verify
