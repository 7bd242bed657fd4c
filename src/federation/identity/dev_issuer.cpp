#include "federation/identity/dev_issuer.hpp"

#include <algorithm>
#include <optional>

#include "federation/identity/dev_pages.hpp"
#include "federation/identity/expiring_table.hpp"
#include "federation/identity/issuer_document.hpp"
#include "federation/identity/pkce.hpp"
#include "federation/identity/strict_json.hpp"
#include "federation/identity/token_check.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t ticket_ms = 600'000, code_ms = 60'000, code_memory_ms = 600'000, device_ms = 600'000;
constexpr std::int64_t refresh_ms = 12 * 3'600'000;
constexpr std::size_t table_most = 1000, refresh_most = 10'000;
constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::string_view user_code_letters = "BCDFGHJKLMNPQRSTVWXZ";  // RFC 8628 section 6.1

struct AuthorizationRequest {
    std::string client, redirect, state, nonce, challenge, scope;
};

// What came from one log-in: ended as a whole.
struct Grant {
    std::string user, client, scope, nonce, family;
};

struct CodeGrant {
    AuthorizationRequest request;
    Grant grant;
    std::int64_t good_until_ms = 0;
    bool is_used = false;
};

struct Refresh {
    Grant grant;
    bool is_used = false;
};

struct Device {
    enum class State { waiting, allowed, denied };
    std::string user_code, client, scope, user;
    State state = State::waiting;
    std::int64_t interval_ms = 0, polled_ms = 0;
};

DevAnswer html(int status, std::string body) {
    return {status, "text/html; charset=utf-8", std::move(body), ""};
}

DevAnswer message(int status, std::string_view title, std::string_view text) {
    return html(status, dev_message_page(title, text));
}

DevAnswer json(const Json& body, int status = 200) {
    return {status, "application/json", body.dump(), ""};
}

// RFC 6749 section 5.2.
DevAnswer oauth_error(const char* error, const char* description, int status = 400) {
    return json({{"error", error}, {"error_description", description}}, status);
}

std::string field(const FormFields& fields, const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
}

bool has_word(std::string_view words, std::string_view word) {
    const std::string padded = " " + std::string(words) + " ";
    return padded.find(" " + std::string(word) + " ") != padded.npos;
}

// Another port each time is what a CLI has (RFC 8252 section 7.3).
bool is_local_redirect(const std::string& url) {
    const auto address = parse_web_address(url);
    return address && !address->is_tls && is_loopback_host(address->host);
}

std::string normal_user_code(std::string_view text) {
    std::string code;
    for (const char c : text) {
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        if (upper >= 'A' && upper <= 'Z') code += upper;
    }
    return code;
}

std::string host_and_port(const WebAddress& address) {
    const std::string host =
        address.host.find(':') == std::string::npos ? address.host : "[" + address.host + "]";
    const bool is_usual = address.port == (address.is_tls ? 443 : 80);
    return is_usual ? host : host + ":" + std::to_string(address.port);
}

class DevIssuerWithState final : public DevIssuer {
  public:
    DevIssuerWithState(DevIssuerConfig config, const WebAddress& address, TokenKey key, RandomSource random)
        : config_(std::move(config)),
          host_(host_and_port(address)),
          base_(address.path == "/" ? "" : address.path),
          key_(std::move(key)),
          random_(std::move(random)) {}

    DevAnswer handle(const DevRequest& request, std::int64_t now_ms) override;
    void rotate(TokenKey next, std::int64_t now_ms) override;

  private:
    DevAnswer document() const;
    DevAnswer keys(std::int64_t now_ms) const;
    DevAnswer ask_user(const FormFields& query, std::int64_t now_ms);
    DevAnswer user_chosen(const FormFields& form, std::int64_t now_ms);
    DevAnswer start_device(const FormFields& form, std::int64_t now_ms);
    DevAnswer ask_device_user(const FormFields& query, std::int64_t now_ms);
    DevAnswer device_chosen(const FormFields& form, std::int64_t now_ms);
    DevAnswer token(const FormFields& form, std::int64_t now_ms);
    DevAnswer by_code(const FormFields& form, std::int64_t now_ms);
    DevAnswer by_device(const FormFields& form, std::int64_t now_ms);
    DevAnswer by_refresh(const FormFields& form, std::int64_t now_ms);
    DevAnswer by_secret(const FormFields& form, std::int64_t now_ms);
    DevAnswer user_info(const DevRequest& request, std::int64_t now_ms);
    DevAnswer revoke(const FormFields& form, std::int64_t now_ms);

    KeySet key_set(std::int64_t now_ms) const;
    DevAnswer answer_tokens(const Grant& grant, std::int64_t now_ms);
    std::string access_token(const Json& who, const std::string& client, const std::string& scope,
                             std::int64_t now_ms) const;
    std::string id_token(const Grant& grant, std::int64_t now_ms) const;
    Json claims_of(const DevUser& user) const;
    const DevUser* find_user(std::string_view id) const;
    std::string allowed(std::string_view scope, ScopeSet most) const;
    void end_family(const std::string& family);

    struct Retired {
        TokenPublicKey key;
        std::int64_t until_ms = 0;
    };
    DevIssuerConfig config_;
    std::string host_, base_;
    TokenKey key_;
    RandomSource random_;
    std::vector<Retired> retired_{};
    ExpiringTable<AuthorizationRequest> tickets_{table_most};
    ExpiringTable<bool> device_tickets_{table_most};
    ExpiringTable<CodeGrant> codes_{table_most};
    ExpiringTable<Device> devices_{table_most};
    ExpiringTable<Refresh> refreshes_{refresh_most};
};

DevAnswer DevIssuerWithState::handle(const DevRequest& request, std::int64_t now_ms) {
    if (request.host != host_) return message(421, "Not here", "This issuer has another address.");
    if (!request.path.starts_with(base_)) return message(404, "Not found", "There is no such page.");
    const std::string path = request.path.substr(base_.size());
    const bool is_get = request.method == "GET";
    const auto fields = parse_form(is_get ? request.query : request.body);
    if (!fields) return oauth_error("invalid_request", "the form cannot be read");
    if (is_get && path == "/.well-known/openid-configuration") return document();
    if (is_get && path == "/jwks") return keys(now_ms);
    if (path == "/userinfo") return user_info(request, now_ms);
    if (is_get && path == "/authorize") return ask_user(*fields, now_ms);
    if (is_get && path == "/device") return ask_device_user(*fields, now_ms);
    if (is_get && path == "/end") return message(200, "Logged out", "Nothing is kept here.");
    if (request.method != "POST") return message(404, "Not found", "There is no such page.");
    if (path == "/authorize") return user_chosen(*fields, now_ms);
    if (path == "/device") return device_chosen(*fields, now_ms);
    if (path == "/device_authorization") return start_device(*fields, now_ms);
    if (path == "/token") return token(*fields, now_ms);
    if (path == "/revoke") return revoke(*fields, now_ms);
    return message(404, "Not found", "There is no such page.");
}

void DevIssuerWithState::rotate(TokenKey next, std::int64_t now_ms) {
    std::erase_if(retired_, [now_ms](const Retired& one) { return one.until_ms <= now_ms; });
    retired_.push_back({key_.public_key(), now_ms + config_.access_lifetime_ms + token_leeway_ms});
    key_ = std::move(next);
}

DevAnswer DevIssuerWithState::document() const {
    const std::string& at = config_.issuer;
    Json d;
    d["issuer"] = at;
    d["jwks_uri"] = at + "/jwks";
    d["authorization_endpoint"] = at + "/authorize";
    d["token_endpoint"] = at + "/token";
    d["device_authorization_endpoint"] = at + "/device_authorization";
    d["userinfo_endpoint"] = at + "/userinfo";
    d["revocation_endpoint"] = at + "/revoke";
    d["end_session_endpoint"] = at + "/end";
    d["response_types_supported"] = {"code"};
    d["subject_types_supported"] = {"public"};
    d["id_token_signing_alg_values_supported"] = {name_of(key_.algorithm())};
    d["code_challenge_methods_supported"] = {"S256"};
    d["grant_types_supported"] = {"authorization_code", "refresh_token", "client_credentials", device_grant};
    d["token_endpoint_auth_methods_supported"] = {"none", "client_secret_post"};
    d["authorization_response_iss_parameter_supported"] = true;
    return json(d);
}

KeySet DevIssuerWithState::key_set(std::int64_t now_ms) const {
    std::vector<TokenPublicKey> all{key_.public_key()};
    for (const Retired& one : retired_) {
        if (one.until_ms > now_ms) all.push_back(one.key);
    }
    return KeySet(std::move(all));
}

DevAnswer DevIssuerWithState::keys(std::int64_t now_ms) const {
    return json(key_set(now_ms).document());
}

// Client and redirect are checked first: a wrong one must never be redirected to.
DevAnswer DevIssuerWithState::ask_user(const FormFields& query, std::int64_t now_ms) {
    AuthorizationRequest request{field(query, "client_id"),      field(query, "redirect_uri"),
                                 field(query, "state"),          field(query, "nonce"),
                                 field(query, "code_challenge"), field(query, "scope")};
    if (request.client != config_.client)
        return message(400, "Cannot log in", "The client is not known here.");
    if (!is_local_redirect(request.redirect)) {
        return message(400, "Cannot log in", "The redirect must lead to this machine.");
    }
    if (field(query, "response_type") != "code" || field(query, "code_challenge_method") != "S256" ||
        request.challenge.size() != 43 || request.state.empty()) {
        return message(400, "Cannot log in", "Use response_type=code with PKCE (S256) and a state.");
    }
    const std::string ticket = random_id(random_);
    if (!tickets_.add(ticket, std::move(request), now_ms + ticket_ms, now_ms)) {
        return message(503, "Busy", "Too many log-ins are open.");
    }
    return html(200, dev_user_page(base_ + "/authorize", ticket, config_.client, config_.users));
}

DevAnswer DevIssuerWithState::user_chosen(const FormFields& form, std::int64_t now_ms) {
    auto request = tickets_.take(field(form, "ticket"), now_ms);
    const DevUser* user = find_user(field(form, "user"));
    if (!request || user == nullptr) {
        return message(400, "Cannot log in", "This page was used before or is too old: start again.");
    }
    const std::string code = random_id(random_, 32);
    Grant grant{user->id, request->client, allowed(request->scope, user->scopes), request->nonce,
                random_id(random_)};
    const std::string redirect = request->redirect;
    const char joint = redirect.find('?') == redirect.npos ? '?' : '&';
    const std::string query = to_form({{"code", code}, {"state", request->state}, {"iss", config_.issuer}});
    if (!codes_.add(code, {std::move(*request), std::move(grant), now_ms + code_ms}, now_ms + code_memory_ms,
                    now_ms)) {
        return message(503, "Busy", "Too many log-ins are open.");
    }
    return {303, "text/plain", "", redirect + joint + query};
}

DevAnswer DevIssuerWithState::start_device(const FormFields& form, std::int64_t now_ms) {
    if (field(form, "client_id") != config_.client)
        return oauth_error("invalid_client", "unknown client", 401);
    const std::string code = random_id(random_, 32);
    const std::string user_code = random_text(random_, user_code_letters, 8);
    Device device{user_code, config_.client,         field(form, "scope"),
                  "",        Device::State::waiting, config_.poll_interval_s * 1000,
                  0};
    if (!devices_.add(code, std::move(device), now_ms + device_ms, now_ms)) {
        return oauth_error("temporarily_unavailable", "too many log-ins are open", 503);
    }
    const std::string shown = user_code.substr(0, 4) + "-" + user_code.substr(4);
    return json({{"device_code", code},
                 {"user_code", shown},
                 {"verification_uri", config_.issuer + "/device"},
                 {"verification_uri_complete", config_.issuer + "/device?user_code=" + shown},
                 {"expires_in", device_ms / 1000},
                 {"interval", config_.poll_interval_s}});
}

DevAnswer DevIssuerWithState::ask_device_user(const FormFields& query, std::int64_t now_ms) {
    const std::string ticket = random_id(random_);
    if (!device_tickets_.add(ticket, true, now_ms + ticket_ms, now_ms)) {
        return message(503, "Busy", "Too many log-ins are open.");
    }
    return html(200, dev_device_page(base_ + "/device", ticket, field(query, "user_code"), config_.users));
}

DevAnswer DevIssuerWithState::device_chosen(const FormFields& form, std::int64_t now_ms) {
    if (!device_tickets_.take(field(form, "ticket"), now_ms)) {
        return message(400, "Cannot log in", "This page was used before or is too old: open it again.");
    }
    const std::string code = normal_user_code(field(form, "user_code"));
    Device* device = devices_.find_if(
        [&](const Device& one) {
            return one.state == Device::State::waiting && is_same_secret(one.user_code, code);
        },
        now_ms);
    const DevUser* user = find_user(field(form, "user"));
    const bool is_denied = form.contains("deny");
    if (device == nullptr || (user == nullptr && !is_denied)) {
        return message(400, "Cannot log in", "No device waits with this code.");
    }
    device->state = is_denied ? Device::State::denied : Device::State::allowed;
    if (!is_denied) device->user = user->id;
    return message(200, is_denied ? "Refused" : "Done", "You can go back to the other device.");
}

DevAnswer DevIssuerWithState::token(const FormFields& form, std::int64_t now_ms) {
    const std::string kind = field(form, "grant_type");
    if (kind == "client_credentials") return by_secret(form, now_ms);
    if (field(form, "client_id") != config_.client)
        return oauth_error("invalid_client", "unknown client", 401);
    if (kind == "authorization_code") return by_code(form, now_ms);
    if (kind == "refresh_token") return by_refresh(form, now_ms);
    if (kind == device_grant) return by_device(form, now_ms);
    return oauth_error("unsupported_grant_type", "this grant is not offered");
}

// A code that is used again was stolen by one of the two: neither keeps what came from it (RFC 6749 section
// 4.1.2). So used codes are remembered for a while.
DevAnswer DevIssuerWithState::by_code(const FormFields& form, std::int64_t now_ms) {
    CodeGrant* code = codes_.find(field(form, "code"), now_ms);
    if (code != nullptr && code->is_used) end_family(code->grant.family);
    if (code == nullptr || code->is_used || now_ms >= code->good_until_ms) {
        return oauth_error("invalid_grant", "the code is not good");
    }
    code->is_used = true;
    if (code->request.redirect != field(form, "redirect_uri") ||
        !pkce_fits(code->request.challenge, field(form, "code_verifier"))) {
        return oauth_error("invalid_grant", "the code is not good");
    }
    return answer_tokens(code->grant, now_ms);
}

DevAnswer DevIssuerWithState::by_device(const FormFields& form, std::int64_t now_ms) {
    Device* device = devices_.find(field(form, "device_code"), now_ms);
    if (device == nullptr) return oauth_error("expired_token", "the device code is not good, or no more");
    if (device->state == Device::State::denied) {
        devices_.take(field(form, "device_code"), now_ms);
        return oauth_error("access_denied", "the person has refused");
    }
    const bool is_early = device->polled_ms > 0 && now_ms - device->polled_ms < device->interval_ms;
    device->polled_ms = now_ms;
    if (is_early) {
        device->interval_ms += 5000;  // RFC 8628 section 3.5
        return oauth_error("slow_down", "wait longer between two questions");
    }
    if (device->state == Device::State::waiting) return oauth_error("authorization_pending", "not yet");
    const auto taken = devices_.take(field(form, "device_code"), now_ms);
    const DevUser* user = find_user(taken->user);
    return answer_tokens(
        {taken->user, taken->client, allowed(taken->scope, user->scopes), "", random_id(random_)}, now_ms);
}

DevAnswer DevIssuerWithState::by_refresh(const FormFields& form, std::int64_t now_ms) {
    Refresh* refresh = refreshes_.find(field(form, "refresh_token"), now_ms);
    if (refresh == nullptr) return oauth_error("invalid_grant", "the refresh token is not good");
    if (refresh->is_used) {
        end_family(std::string(refresh->grant.family));
        return oauth_error("invalid_grant", "the refresh token is not good");
    }
    refresh->is_used = true;
    return answer_tokens(Grant(refresh->grant), now_ms);
}

DevAnswer DevIssuerWithState::by_secret(const FormFields& form, std::int64_t now_ms) {
    const std::string id = field(form, "client_id");
    for (const DevService& service : config_.services) {
        if (service.id != id || !is_same_secret(service.secret, field(form, "client_secret"))) continue;
        const std::string scope = allowed(field(form, "scope"), service.scopes);
        return json({{"access_token", access_token({{"sub", id}}, id, scope, now_ms)},
                     {"token_type", "Bearer"},
                     {"expires_in", config_.access_lifetime_ms / 1000},
                     {"scope", scope}});
    }
    return oauth_error("invalid_client", "unknown client, or a wrong secret", 401);
}

DevAnswer DevIssuerWithState::user_info(const DevRequest& request, std::int64_t now_ms) {
    constexpr std::string_view prefix = "Bearer ";
    if (!request.authorization.starts_with(prefix)) return oauth_error("invalid_token", "no token", 401);
    const TokenRules rules{config_.issuer, config_.audience, TokenUse::site, {}};
    const auto who = verify_token(std::string_view(request.authorization).substr(prefix.size()),
                                  key_set(now_ms), rules, now_ms);
    const DevUser* user = who ? find_user(who->subject) : nullptr;
    if (user == nullptr) return oauth_error("invalid_token", "the token is not good", 401);
    return json(claims_of(*user));
}

DevAnswer DevIssuerWithState::revoke(const FormFields& form, std::int64_t now_ms) {
    if (const Refresh* refresh = refreshes_.find(field(form, "token"), now_ms)) {
        end_family(std::string(refresh->grant.family));
    }
    return json(Json::object());  // the same for unknown ones (RFC 7009 section 2.2)
}

DevAnswer DevIssuerWithState::answer_tokens(const Grant& grant, std::int64_t now_ms) {
    const DevUser* user = find_user(grant.user);
    if (user == nullptr) return oauth_error("invalid_grant", "the person is not known any more");
    Json answer;
    answer["access_token"] = access_token(claims_of(*user), grant.client, grant.scope, now_ms);
    answer["token_type"] = "Bearer";
    answer["expires_in"] = config_.access_lifetime_ms / 1000;
    answer["scope"] = grant.scope;
    if (has_word(grant.scope, "openid")) answer["id_token"] = id_token(grant, now_ms);
    if (has_word(grant.scope, "offline_access")) {
        const std::string refresh = random_id(random_, 32);
        if (!refreshes_.add(refresh, {grant, false}, now_ms + refresh_ms, now_ms)) {
            return oauth_error("temporarily_unavailable", "too many log-ins are open", 503);
        }
        answer["refresh_token"] = refresh;
    }
    return json(answer);
}

std::string DevIssuerWithState::access_token(const Json& who, const std::string& client,
                                             const std::string& scope, std::int64_t now_ms) const {
    Json claims = who;
    claims["iss"] = config_.issuer;
    claims["aud"] = config_.audience;
    claims["client_id"] = client;
    claims["scope"] = scope;
    claims["jti"] = random_id(random_);
    claims["iat"] = now_ms / 1000;
    claims["exp"] = (now_ms + config_.access_lifetime_ms) / 1000;
    return make_jws(key_, "at+jwt", claims);
}

std::string DevIssuerWithState::id_token(const Grant& grant, std::int64_t now_ms) const {
    const DevUser* user = find_user(grant.user);
    Json claims = claims_of(*user);
    claims["iss"] = config_.issuer;
    claims["aud"] = grant.client;
    if (!grant.nonce.empty()) claims["nonce"] = grant.nonce;
    claims["iat"] = now_ms / 1000;
    claims["exp"] = (now_ms + config_.access_lifetime_ms) / 1000;
    return make_jws(key_, "JWT", claims);
}

Json DevIssuerWithState::claims_of(const DevUser& user) const {
    return {
        {"sub", user.id}, {"name", user.name}, {"email", user.email}, {"entitlements", user.entitlements}};
}

const DevUser* DevIssuerWithState::find_user(std::string_view id) const {
    const auto found = std::find_if(config_.users.begin(), config_.users.end(),
                                    [id](const DevUser& one) { return one.id == id; });
    return found == config_.users.end() ? nullptr : &*found;
}

std::string DevIssuerWithState::allowed(std::string_view scope, ScopeSet most) const {
    std::string text = ScopeSet::parse(scope).common_with(most).text();
    for (const char* word : {"openid", "offline_access"}) {
        if (has_word(scope, word)) text += (text.empty() ? "" : " ") + std::string(word);
    }
    return text;
}

void DevIssuerWithState::end_family(const std::string& family) {
    refreshes_.drop_if([copy = family](const Refresh& one) { return one.grant.family == copy; });
}

}  // namespace

Result<std::unique_ptr<DevIssuer>> DevIssuer::make(DevIssuerConfig config, std::string_view listen_host,
                                                   TokenKey key, RandomSource random) {
    EM_TRY(check_dev_listen(listen_host));
    EM_TRY(check(config));
    EM_ASSIGN(const WebAddress address, parse_web_address(config.issuer));
    return std::unique_ptr<DevIssuer>(
        new DevIssuerWithState(std::move(config), address, std::move(key), std::move(random)));
}

}  // namespace euromesh::federation
