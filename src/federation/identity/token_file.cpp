#include "federation/identity/token_file.hpp"

#include <system_error>

#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t file_max_bytes = 512u << 10;
constexpr std::int64_t version = 1;

Status check_owner_only(const os::Path& file) {
    std::error_code error;
    const auto mode = std::filesystem::status(file, error).permissions();
    constexpr auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    if (!error && (mode & others) != std::filesystem::perms::none) {
        return fail(Code::refused, "{}: others can read it; remove it and log in again", file.string());
    }
    return {};
}

}  // namespace

Result<StoredLogin> read_login(const os::Path& file) {
    const auto text = os::read_file(file, file_max_bytes);
    if (!text && text.error().code == Code::not_found) {
        return fail(Code::not_found, "nobody is logged in (run 'euromesh login')");
    }
    if (!text) return fail(text.error());
    EM_TRY(check_owner_only(file));
    EM_ASSIGN(const Json json, parse_strict_object(*text, file_max_bytes, file.string()));
    StoredLogin login;
    login.issuer = text_at(json, "issuer").value_or("");
    login.client = text_at(json, "client").value_or("");
    login.resource = text_at(json, "resource").value_or("");
    login.subject = text_at(json, "subject").value_or("");
    login.name = text_at(json, "name").value_or("");
    login.tokens.access_token = text_at(json, "access_token").value_or("");
    login.tokens.refresh_token = text_at(json, "refresh_token").value_or("");
    login.tokens.scope = text_at(json, "scope").value_or("");
    login.tokens.expires_ms = integer_at(json, "expires_ms").value_or(0);
    if (integer_at(json, "version") != version || login.issuer.empty() || login.tokens.access_token.empty()) {
        return fail(Code::bad_input, "{}: not a log-in of this version; log in again", file.string());
    }
    return login;
}

Status write_login(const os::Path& file, const StoredLogin& login) {
    Json json;
    json["version"] = version;
    json["issuer"] = login.issuer;
    json["client"] = login.client;
    json["resource"] = login.resource;
    json["subject"] = login.subject;
    json["name"] = login.name;
    json["scope"] = login.tokens.scope;
    json["expires_ms"] = login.tokens.expires_ms;
    json["access_token"] = login.tokens.access_token;
    json["refresh_token"] = login.tokens.refresh_token;
    EM_TRY(os::make_folders(file.parent_path()));
    return os::write_secret_atomically(file, json.dump() + "\n");
}

}  // namespace euromesh::federation
