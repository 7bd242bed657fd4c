#include "federation/http/call.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view method_names[] = {"GET", "PUT", "POST", "PATCH", "DELETE"};

const std::string* find_in(const TextPairs& pairs, std::string_view name) {
    const auto found =
        std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
    return found == pairs.end() ? nullptr : &found->second;
}

std::optional<std::string> copy_of(const std::string* text) {
    return text == nullptr ? std::nullopt : std::optional(*text);
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Length of the UTF-8 sequence that `text` begins with, and what it stands for; length 0: none (RFC 3629).
struct CodePoint {
    std::size_t length = 0;
    char32_t value = 0;
};

CodePoint first_code_point(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return {1, byte(0)};
    const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
    if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return {};
    char32_t value = byte(0) & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0u) != 0x80u) return {};
        value = (value << 6) | (byte(i) & 0x3fu);
    }
    const bool too_long = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    const bool no_character = (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff;
    return too_long || no_character ? CodePoint{} : CodePoint{length, value};
}

std::string with_spaces(std::string_view text) {
    std::string out(text);
    std::replace(out.begin(), out.end(), '+', ' ');
    return out;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string_view text_of(HttpMethod method) {
    return method_names[static_cast<std::size_t>(method)];
}

const std::string& HttpCall::parameter(std::string_view name) const {
    const std::string* const found = find_in(parameters, name);
    EM_ASSERT(found != nullptr, "the handler asks for a parameter of its route's pattern");
    return *found;
}

std::optional<std::string> HttpCall::query_value(std::string_view name) const {
    return copy_of(find_in(query, name));
}

std::optional<std::string> HttpCall::header(std::string_view lower_case_name) const {
    return copy_of(find_in(headers, lower_case_name));
}

HttpAnswer json_answer(const Json& document, int status) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = document.dump(-1, ' ', false, Json::error_handler_t::replace);
    return answer;
}

HttpAnswer text_answer(std::string body, std::string content_type, int status) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = std::move(body);
    answer.content_type = std::move(content_type);
    return answer;
}

HttpAnswer problem_answer(const Problem& problem, std::string_view request_id) {
    HttpAnswer answer =
        text_answer(problem_text(problem, request_id), "application/problem+json", problem.status);
    answer.headers = problem.headers;
    return answer;
}

bool is_plain_text(std::string_view text) {
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        const bool is_control = point.value < 0x20 || (point.value >= 0x7f && point.value <= 0x9f);
        if (point.length == 0 || is_control) return false;
        text.remove_prefix(point.length);
    }
    return true;
}

Result<std::string> percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return fail(Code::bad_input, "'%' must be followed by two hexadecimal digits");
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    if (!is_plain_text(out)) return fail(Code::bad_input, "not UTF-8 text, or it has control characters");
    return out;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c))
            out.push_back(c);
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

Result<TextPairs> parse_query(std::string_view query, std::size_t most) {
    TextPairs pairs;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view piece = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (piece.empty()) continue;
        if (pairs.size() == most) return fail(Code::bad_input, "query: more than {} parameters", most);
        const std::size_t equals = std::min(piece.find('='), piece.size());
        auto name = percent_decoded(with_spaces(piece.substr(0, equals)));
        auto value = percent_decoded(with_spaces(piece.substr(std::min(equals + 1, piece.size()))));
        if (!name) return fail(name.error().within("query"));
        if (!value) return fail(value.error().within("query parameter '" + *name + "'"));
        pairs.emplace_back(std::move(*name), std::move(*value));
    }
    return pairs;
}

}  // namespace euromesh::federation
