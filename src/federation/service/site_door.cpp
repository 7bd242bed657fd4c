#include "federation/service/site_door.hpp"

#include <cstdlib>

#include "base/base64.hpp"
#include "base/hash.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view where = "introduction";

std::string statement(const std::string& origin, const std::string& site, const std::string& thumbprint,
                      std::int64_t time_ms) {
    return fmt::format("euromesh site introduction v1\n{} {}\n{}\n{}\n", origin, site, thumbprint, time_ms);
}

}  // namespace

Json make_introduction(const std::string& origin, const SiteId& site, const TokenPublicKey& token_key,
                       const SigningKey& site_key, std::int64_t now_ms) {
    const Signature signature = site_key.sign(statement(origin, site.text(), token_key.thumbprint(), now_ms));
    return {{"site", site.text()},
            {"key", token_key.jwk()},
            {"time_ms", now_ms},
            {"signature", to_base64(std::span(signature))}};
}

Status SiteDoor::introduce(const std::string& origin, const Json& introduction, const std::string& site_key,
                           std::int64_t now_ms) {
    EM_ASSIGN(const std::string name, json_string(introduction, "site", where));
    EM_ASSIGN(const SiteId site, SiteId::parse(name, "site"));
    EM_ASSIGN(const std::int64_t time_ms, json_integer(introduction, "time_ms", where));
    EM_ASSIGN(const std::string text, json_string(introduction, "signature", where));
    const auto key = introduction.find("key");
    if (key == introduction.end()) return fail(Code::bad_input, "{}: 'key' is missing", where);
    EM_ASSIGN(TokenPublicKey token_key, TokenPublicKey::from_jwk(*key));
    Signature signature{};
    EM_TRY(from_base64(text, signature));
    PublicKey owner{};
    EM_TRY(from_hex(site_key, owner));
    if (!is_signed(owner, statement(origin, name, token_key.thumbprint(), time_ms), signature))
        return fail(Code::refused, "the introduction is not signed by the key of a site of ours");
    if (time_ms < now_ms - introduction_leeway_ms || time_ms > now_ms + introduction_leeway_ms)
        return fail(Code::refused, "the introduction is not of this minute; compare the clocks");
    authenticator_.enrol(site, std::move(token_key));
    return {};
}

}  // namespace euromesh::federation
