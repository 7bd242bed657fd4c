#include "federation/identity/group.hpp"

#include <cctype>

namespace euromesh::federation {
namespace {

constexpr std::size_t urn_max_bytes = 1024;
constexpr std::string_view marker = ":group:";
constexpr std::string_view role_prefix = "role=";

std::optional<unsigned> hex_of(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

bool stands_in_urn(char c) {
    return c > ' ' && c < 127 && std::string_view("\"<>\\^`{|}#?[]/").find(c) == std::string_view::npos;
}

// A slash or a control character inside a part would make another path of it.
std::optional<std::string> decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!stands_in_urn(text[i])) return std::nullopt;
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const auto high = hex_of(text[i + 1]), low = hex_of(text[i + 2]);
        if (!high || !low) return std::nullopt;
        const auto value = static_cast<unsigned char>(*high * 16 + *low);
        if (value < ' ' || value == 127 || value == '/') return std::nullopt;
        decoded += static_cast<char>(value);
        i += 2;
    }
    if (decoded.empty()) return std::nullopt;
    return decoded;
}

std::string encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        if (stands_in_urn(c) && c != ':' && c != '%') {
            encoded += c;
        } else {
            constexpr std::string_view digits = "0123456789ABCDEF";
            const auto value = static_cast<unsigned char>(c);
            encoded += {'%', digits[value / 16], digits[value % 16]};
        }
    }
    return encoded;
}

// "urn" and the identifier after it are the same in any case (RFC 8141 section 3.1), the rest is not.
std::optional<std::string> name_space_of(std::string_view text) {
    if (text.size() < 7) return std::nullopt;
    const std::size_t end = text.find(':', 4);
    std::string name(text);
    if (end == text.npos || end == 4 || end + 1 == text.size()) return std::nullopt;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (!stands_in_urn(name[i])) return std::nullopt;
        if (i < end) name[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
    if (!name.starts_with("urn:")) return std::nullopt;
    return name;
}

bool add_part(std::string_view part, Group& group) {
    if (!group.role.empty()) return false;  // the role stands last
    const bool is_role = part.starts_with(role_prefix);
    auto text = decode(is_role ? part.substr(role_prefix.size()) : part);
    if (!text || (is_role && group.group.empty())) return false;
    if (is_role)
        group.role = std::move(*text);
    else if (group.group.empty())
        group.group = std::move(*text);
    else
        group.subgroups.push_back(std::move(*text));
    return true;
}

}  // namespace

std::string Group::path() const {
    std::string path = group;
    for (const std::string& one : subgroups) path += "/" + one;
    return path;
}

std::optional<Group> parse_group(std::string_view urn) {
    if (urn.size() > urn_max_bytes) return std::nullopt;
    Group group;
    if (const std::size_t hash = urn.find('#'); hash != urn.npos) {
        auto authority = decode(urn.substr(hash + 1));
        if (!authority) return std::nullopt;
        group.authority = std::move(*authority);
        urn = urn.substr(0, hash);
    }
    const std::size_t at = urn.find(marker);
    if (at == urn.npos) return std::nullopt;
    auto name_space = name_space_of(urn.substr(0, at));
    if (!name_space) return std::nullopt;
    group.name_space = std::move(*name_space);
    for (std::string_view rest = urn.substr(at + marker.size());;) {
        const std::size_t colon = rest.find(':');
        if (!add_part(rest.substr(0, colon), group)) return std::nullopt;
        if (colon == rest.npos) return group;
        rest.remove_prefix(colon + 1);
    }
}

std::string to_urn(const Group& group) {
    std::string urn = group.name_space + std::string(marker) + encode(group.group);
    for (const std::string& one : group.subgroups) urn += ":" + encode(one);
    if (!group.role.empty()) urn += ":" + std::string(role_prefix) + encode(group.role);
    if (!group.authority.empty()) urn += "#" + encode(group.authority);
    return urn;
}

}  // namespace euromesh::federation
