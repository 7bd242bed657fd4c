#include "federation/service/kept_heads.hpp"

#include "base/json.hpp"

namespace euromesh::federation {

std::string kept_heads_text(const std::deque<SignedHead>& heads, std::size_t most_bytes) {
    std::deque<std::string> kept;
    std::size_t bytes = 2;
    for (auto head = heads.rbegin(); head != heads.rend(); ++head) {
        std::string text = Json(encode(*head)).dump();
        bytes += text.size() + 1;
        if (bytes > most_bytes && !kept.empty()) break;
        kept.push_front(std::move(text));
    }
    return fmt::format("[{}]", fmt::join(kept, ","));
}

Result<std::deque<SignedHead>> read_kept_heads(const std::string& text, std::size_t most_bytes) {
    EM_ASSIGN(const Json list, parse_json(text, most_bytes));
    std::deque<SignedHead> heads;
    for (const Json& item : list) {
        if (!item.is_string()) return fail(Code::corrupted, "a head is a text");
        EM_ASSIGN(SignedHead head, decode_signed_head(item.get<std::string>()));
        heads.push_back(std::move(head));
    }
    return heads;
}

}  // namespace euromesh::federation
