#include "federation/identity/jws.hpp"

#include "federation/identity/base64url.hpp"
#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t header_max_bytes = 2048;
constexpr std::size_t key_id_max_bytes = 256;

tl::unexpected<Error> refused(std::string_view why) {
    return fail(Code::refused, "token: {}", why);
}

Result<Json> decode_object(std::string_view part, std::size_t max_bytes, std::string_view what) {
    const auto text = from_base64url(part);
    if (!text) return refused("a part is not base64url");
    auto object = parse_strict_object(*text, max_bytes, what);
    if (!object) return fail(Code::refused, "{}", object.error().message);
    return object;
}

// Media types are compared without their case, and "application/" may be left out (RFC 7515 section 4.1.9).
std::string type_of(const std::string& text) {
    std::string type;
    for (const char c : text) type += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    constexpr std::string_view prefix = "application/";
    return type.starts_with(prefix) ? type.substr(prefix.size()) : type;
}

Result<TokenAlgorithm> algorithm_of(const Json& header) {
    const auto name = text_at(header, "alg");
    if (name == "ES256") return TokenAlgorithm::es256;
    if (name == "RS256") return TokenAlgorithm::rs256;
    return refused("its algorithm must be RS256 or ES256");
}

Status read_header(const Json& header, Jws& jws) {
    EM_ASSIGN(jws.algorithm, algorithm_of(header));
    for (const char* name : {"crit", "b64", "jwk", "jku", "x5c", "x5u", "enc", "zip"}) {
        if (header.contains(name)) return refused("its header asks for something that is not understood");
    }
    if (header.contains("typ") && !text_at(header, "typ")) return refused("its type must be text");
    jws.type = type_of(text_at(header, "typ").value_or(""));
    jws.key_id = text_at(header, "kid").value_or("");
    if (jws.key_id.empty() || jws.key_id.size() > key_id_max_bytes) {
        return refused("its header must name a key (kid)");
    }
    return {};
}

}  // namespace

Result<Jws> parse_jws(std::string_view token) {
    if (token.size() > token_max_bytes) {
        return fail(Code::refused, "token: over the limit of {} bytes", token_max_bytes);
    }
    const std::size_t first = token.find('.');
    const std::size_t second = first == token.npos ? first : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos) {
        return refused("it must have three parts");
    }
    EM_ASSIGN(const Json header, decode_object(token.substr(0, first), header_max_bytes, "token header"));
    Jws jws;
    EM_TRY(read_header(header, jws));
    EM_ASSIGN(jws.claims,
              decode_object(token.substr(first + 1, second - first - 1), token_max_bytes, "token claims"));
    auto signature = from_base64url(token.substr(second + 1));
    if (!signature || signature->empty()) return refused("its signature is not base64url");
    jws.signature = std::move(*signature);
    jws.signed_part = token.substr(0, second);
    return jws;
}

std::string make_jws(const TokenKey& key, std::string_view type, const Json& claims) {
    const Json header = {{"alg", name_of(key.algorithm())}, {"typ", type}, {"kid", key.public_key().id()}};
    std::string token = base64url(header.dump()) + "." + base64url(claims.dump());
    const std::string signature = key.sign(token);
    return token + "." + base64url(signature);
}

}  // namespace euromesh::federation
