#include "federation/identity/issuer_document.hpp"

#include "federation/identity/strict_json.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

Status read_address(const Json& document, const char* name, bool is_needed, std::string& address) {
    const std::string where = std::string("discovery document: '") + name + "'";
    if (!document.contains(name) && !is_needed) return {};
    const auto text = text_at(document, name);
    if (!text) return fail(Code::bad_input, "{} must be a URL", where);
    EM_TRY(check_endpoint(*text, where));
    address = *text;
    return {};
}

}  // namespace

std::string discovery_url(std::string_view issuer) {
    const std::string_view base = issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer;
    return std::string(base) + "/.well-known/openid-configuration";
}

Result<IssuerDocument> parse_issuer_document(std::string_view text, std::string_view issuer) {
    EM_ASSIGN(const Json json, parse_strict_object(text, issuer_document_max_bytes, "discovery document"));
    if (text_at(json, "issuer") != issuer) {
        return fail(Code::bad_input, "discovery document: 'issuer' is not the one that was asked");
    }
    IssuerDocument document;
    document.issuer = issuer;
    EM_TRY(read_address(json, "jwks_uri", true, document.keys_url));
    EM_TRY(read_address(json, "token_endpoint", true, document.token_url));
    EM_TRY(read_address(json, "authorization_endpoint", false, document.authorization_url));
    EM_TRY(read_address(json, "device_authorization_endpoint", false, document.device_url));
    EM_TRY(read_address(json, "userinfo_endpoint", false, document.user_info_url));
    EM_TRY(read_address(json, "end_session_endpoint", false, document.end_session_url));
    EM_TRY(read_address(json, "revocation_endpoint", false, document.revocation_url));
    return document;
}

}  // namespace euromesh::federation
