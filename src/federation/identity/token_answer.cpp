#include "federation/identity/token_answer.hpp"

#include <algorithm>

#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t default_lifetime_s = 300, lifetime_most_s = 366 * 24 * 3600;

// An error's name goes to a terminal: nothing but what names are made of.
bool is_name(std::string_view text) {
    const auto is_good = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_good);
}

bool is_bearer(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text == "bearer";
}

// What is put into a header must be what tokens are made of (RFC 6750 section 2.1).
bool is_token(std::string_view text) {
    return text.size() <= (64u << 10) &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

std::string oauth_error_of(int status, std::string_view body) {
    if (status < 400 || status >= 500) return "";
    const auto answer = parse_strict_object(body, token_answer_max_bytes, "token answer");
    const std::string name = answer ? text_at(*answer, "error").value_or("") : "";
    return is_name(name) ? name : "";
}

Result<TokenSet> parse_token_answer(int status, std::string_view body, std::int64_t now_ms) {
    if (status >= 500 || status == 429) {
        return fail(Code::unavailable, "token endpoint: status {}; try again later", status);
    }
    if (status != 200) {
        const std::string name = oauth_error_of(status, body);
        return fail(Code::refused, "token endpoint: {}",
                    name.empty() ? fmt::format("status {}", status) : name);
    }
    EM_ASSIGN(const Json answer, parse_strict_object(body, token_answer_max_bytes, "token answer"));
    TokenSet set;
    set.access_token = text_at(answer, "access_token").value_or("");
    set.refresh_token = text_at(answer, "refresh_token").value_or("");
    set.id_token = text_at(answer, "id_token").value_or("");
    set.scope = text_at(answer, "scope").value_or("");
    if (set.access_token.empty() || !is_bearer(text_at(answer, "token_type").value_or(""))) {
        return fail(Code::bad_input, "token answer: no access token of the type Bearer");
    }
    if (!is_token(set.access_token) || !is_token(set.refresh_token) || !is_token(set.id_token)) {
        return fail(Code::bad_input, "token answer: a token has characters that tokens do not have");
    }
    const std::int64_t lifetime_s = integer_at(answer, "expires_in").value_or(default_lifetime_s);
    set.expires_ms = now_ms + std::clamp<std::int64_t>(lifetime_s, 0, lifetime_most_s) * 1000;
    return set;
}

}  // namespace euromesh::federation
