#include "federation/identity/login_flow.hpp"

#include <algorithm>

#include "federation/identity/pkce.hpp"
#include "federation/identity/strict_json.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t interval_most_s = 300, device_most_s = 3600;

FormFields with_client(const LoginClient& client, FormFields fields) {
    fields["client_id"] = client.client;
    if (!client.secret.empty()) fields["client_secret"] = client.secret;
    if (!client.resource.empty()) fields["resource"] = client.resource;
    return fields;
}

FormCall token_call(const LoginClient& client, FormFields fields) {
    return {client.issuer.token_url, to_form(with_client(client, std::move(fields)))};
}

tl::unexpected<Error> refused(std::string_view why) {
    return fail(Code::refused, "login: {}", why);
}

tl::unexpected<Error> not_offered(const LoginClient& client, std::string_view what) {
    return fail(Code::bad_input, "login: {} does not offer the {}", client.issuer.issuer, what);
}

bool is_user_code(std::string_view text) {
    const auto is_good = [](char c) { return c > ' ' && c < 127; };
    return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), is_good);
}

std::string at(const FormFields& fields, const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
}

}  // namespace

FormCall refresh_call(const LoginClient& client, const std::string& refresh_token) {
    return token_call(client, {{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}});
}

Result<FormCall> service_call(const LoginClient& client) {
    if (client.secret.empty()) return fail(Code::bad_input, "login: a pipeline needs a client secret");
    return token_call(client, {{"grant_type", "client_credentials"}, {"scope", client.scope}});
}

Result<DeviceLogin> DeviceLogin::make(LoginClient client) {
    if (client.issuer.device_url.empty()) return not_offered(client, "device flow");
    return DeviceLogin(std::move(client));
}

FormCall DeviceLogin::start() const {
    return {client_.issuer.device_url, to_form(with_client(client_, {{"scope", client_.scope}}))};
}

Status DeviceLogin::started(int status, std::string_view body, std::int64_t now_ms) {
    if (status != 200) {
        const std::string name = oauth_error_of(status, body);
        return fail(status >= 500 ? Code::unavailable : Code::refused, "device flow: {}",
                    name.empty() ? fmt::format("status {}", status) : name);
    }
    EM_ASSIGN(const Json answer, parse_strict_object(body, token_answer_max_bytes, "device answer"));
    device_code_ = text_at(answer, "device_code").value_or("");
    prompt_ = {text_at(answer, "user_code").value_or(""), text_at(answer, "verification_uri").value_or(""),
               text_at(answer, "verification_uri_complete").value_or("")};
    if (device_code_.empty() || !is_user_code(prompt_.user_code)) {
        return fail(Code::bad_input, "device answer: no device code, or no user code that can be shown");
    }
    EM_TRY(check_endpoint(prompt_.url, "device answer: 'verification_uri'"));
    if (!check_endpoint(prompt_.complete_url, "")) prompt_.complete_url.clear();
    const std::int64_t interval_s = integer_at(answer, "interval").value_or(5);
    interval_ms_ = std::clamp<std::int64_t>(interval_s, 1, interval_most_s) * 1000;
    const std::int64_t lifetime_s = integer_at(answer, "expires_in").value_or(600);
    until_ms_ = now_ms + std::clamp<std::int64_t>(lifetime_s, 0, device_most_s) * 1000;
    next_ms_ = now_ms + interval_ms_;
    return {};
}

FormCall DeviceLogin::poll() const {
    return token_call(client_, {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                {"device_code", device_code_}});
}

Result<std::optional<TokenSet>> DeviceLogin::polled(const Result<std::pair<int, std::string>>& answer,
                                                    std::int64_t now_ms) {
    if (!answer && answer.error().code != Code::unavailable) return fail(answer.error());
    const std::string name = answer ? oauth_error_of(answer->first, answer->second) : "";
    const bool is_away = !answer || answer->first >= 500;
    if (!is_away && name != "authorization_pending" && name != "slow_down") {
        EM_ASSIGN(TokenSet set, parse_token_answer(answer->first, answer->second, now_ms));
        return std::optional<TokenSet>(std::move(set));
    }
    if (name == "slow_down") interval_ms_ += 5000;
    if (is_away) interval_ms_ = std::min(interval_ms_ * 2, interval_most_s * 1000);
    next_ms_ = now_ms + interval_ms_;
    if (next_ms_ >= until_ms_) return refused("nobody has confirmed the code in time; start again");
    return std::optional<TokenSet>();
}

Result<CodeLogin> CodeLogin::make(LoginClient client, std::string redirect, const RandomSource& random) {
    if (client.issuer.authorization_url.empty()) return not_offered(client, "authorisation code");
    return CodeLogin(std::move(client), std::move(redirect), random);
}

std::string CodeLogin::url() const {
    FormFields fields{{"response_type", "code"},
                      {"client_id", client_.client},
                      {"redirect_uri", redirect_},
                      {"scope", client_.scope},
                      {"state", state_},
                      {"nonce", nonce_},
                      {"code_challenge", pkce_challenge(verifier_)},
                      {"code_challenge_method", "S256"}};
    if (!client_.resource.empty()) fields["resource"] = client_.resource;
    // Without this an issuer may give no refresh token (OpenID Connect Core 1.0, section 11).
    if (client_.scope.find("offline_access") != std::string::npos) fields["prompt"] = "consent";
    const std::string& base = client_.issuer.authorization_url;
    return base + (base.find('?') == base.npos ? "?" : "&") + to_form(fields);
}

Result<FormCall> CodeLogin::redirected(std::string_view query) const {
    const auto fields = parse_form(query);
    if (!fields) return refused("the redirect cannot be read");
    if (!is_same_secret(at(*fields, "state"), state_))
        return refused("the redirect belongs to another log-in");
    if (fields->contains("iss") && at(*fields, "iss") != client_.issuer.issuer) {
        return refused("the redirect is from another issuer");
    }
    if (fields->contains("error")) return refused("the issuer or the person said no");
    if (at(*fields, "code").empty()) return refused("the redirect has no code");
    return token_call(client_, {{"grant_type", "authorization_code"},
                                {"code", at(*fields, "code")},
                                {"redirect_uri", redirect_},
                                {"code_verifier", verifier_}});
}

Result<TokenSet> CodeLogin::exchanged(int status, std::string_view body, const KeySet& keys,
                                      std::int64_t now_ms) const {
    EM_ASSIGN(TokenSet set, parse_token_answer(status, body, now_ms));
    const auto who = check_id_token(set.id_token, keys, client_, nonce_, now_ms);
    if (!who) return fail(who.error().within("login: ID token"));
    return set;
}

Result<Principal> check_id_token(std::string_view token, const KeySet& keys, const LoginClient& client,
                                 std::string_view nonce, std::int64_t now_ms) {
    const TokenRules rules{client.issuer.issuer, client.client, TokenUse::id, {}};
    EM_ASSIGN(const Jws jws, parse_jws(token));
    EM_TRY(check_token(jws, keys, rules, now_ms));
    if (!is_same_secret(text_at(jws.claims, "nonce").value_or(""), nonce)) {
        return fail(Code::refused, "token: it belongs to another log-in (nonce)");
    }
    return principal_of(jws.claims, rules);
}

}  // namespace euromesh::federation
