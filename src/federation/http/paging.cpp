#include "federation/http/paging.hpp"

#include <charconv>

namespace euromesh::federation {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// base64url without padding (RFC 4648): stands in a query as it is.
std::string base64url(std::string_view bytes) {
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (have += 8; have >= 6; have -= 6) out.push_back(digits[(bits >> (have - 6)) & 63u]);
    }
    if (have > 0) out.push_back(digits[(bits << (6 - have)) & 63u]);
    return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : text) {
        const std::size_t value = digits.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        out.push_back(static_cast<char>((bits >> have) & 255u));
    }
    return out;
}

constexpr std::size_t most_cursor_bytes = 512;

Result<std::string> read_cursor(std::string_view list, const std::string& cursor) {
    const auto text = cursor.size() <= most_cursor_bytes ? from_base64url(cursor) : std::nullopt;
    const std::string start = std::string(list) + "\n";
    if (!text || !text->starts_with(start)) {
        return fail(Code::bad_input, "query parameter 'cursor': not one that this list gave; leave it out");
    }
    return text->substr(start.size());
}

Result<std::size_t> read_limit(const std::string& text, std::size_t most) {
    std::size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > most) {
        return fail(Code::bad_input, "query parameter 'limit': give a whole number from 1 to {}", most);
    }
    return limit;
}

}  // namespace

Result<Page> parse_page(const HttpCall& call, std::string_view list, PageLimits limits) {
    Page page{limits.usual, {}};
    if (const auto limit = call.query_value("limit")) {
        EM_ASSIGN(page.limit, read_limit(*limit, limits.most));
    }
    if (const auto cursor = call.query_value("cursor")) {
        EM_ASSIGN(page.after, read_cursor(list, *cursor));
    }
    return page;
}

std::string make_cursor(std::string_view list, std::string_view after) {
    return base64url(fmt::format("{}\n{}", list, after));
}

void add_next_link(HttpAnswer& answer, const HttpCall& call, std::string_view cursor) {
    std::string query;
    for (const auto& [name, value] : call.query) {
        if (name != "cursor") query += percent_encoded(name) + "=" + percent_encoded(value) + "&";
    }
    answer.headers.emplace_back("Link",
                                fmt::format("<{}?{}cursor={}>; rel=\"next\"", call.raw_path, query, cursor));
}

}  // namespace euromesh::federation
