#include "federation/identity/login.hpp"

#include <algorithm>

#include "base/os/file_lock.hpp"
#include "base/os/folder.hpp"
#include "federation/identity/redirect_listener.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t renew_before_ms = 60'000;
constexpr Nanoseconds browser_patience = std::chrono::minutes(10);
constexpr Nanoseconds lock_patience = std::chrono::seconds(30);
constexpr Nanoseconds look_again = std::chrono::milliseconds(100);

Status wait_until(const Clock& clock, std::int64_t when_ms, const std::stop_token& stop) {
    for (std::int64_t now = wall_ms(clock); now < when_ms; now = wall_ms(clock)) {
        if (stop.stop_requested()) return fail(Code::cancelled, "login: stopped");
        os::wait_ready({}, std::min<Nanoseconds>(look_again, std::chrono::milliseconds(when_ms - now)));
    }
    return {};
}

// Another command may be renewing at this very moment.
Result<os::FileLock> wait_for_lock(const os::Path& path, const Clock& clock, const std::stop_token& stop) {
    const Nanoseconds until = clock.monotonic() + lock_patience;
    for (;;) {
        auto lock = os::FileLock::take(path);
        if (lock || lock.error().code != Code::conflict) return lock;
        if (stop.stop_requested()) return fail(Code::cancelled, "login: stopped");
        if (clock.monotonic() >= until)
            return fail(Code::unavailable, "login: another command holds {}", path.string());
        os::wait_ready({}, look_again);
    }
}

Result<LoginClient> client_of(IssuerFetcher& fetcher, const LoginQuestion& question,
                              const std::stop_token& stop) {
    EM_ASSIGN(IssuerDocument document, fetcher.document(question.issuer, stop));
    return LoginClient{std::move(document), question.client, question.secret, question.scope,
                       question.resource};
}

// Who a person is stands in the ID token, which comes only when it is asked for.
Status check_asks_for_person(const LoginQuestion& question) {
    if ((" " + question.scope + " ").find(" openid ") != std::string::npos) return {};
    return fail(Code::bad_input, "login: the scope must contain 'openid'");
}

}  // namespace

Result<StoredLogin> Login::keep(const LoginClient& client, TokenSet tokens, const Result<Principal>& who) {
    if (tokens.scope.empty()) tokens.scope = client.scope;
    StoredLogin login{client.issuer.issuer, client.client,
                      client.resource,      who ? who->subject : client.client,
                      who ? who->name : "", std::move(tokens)};
    EM_TRY(write_login(file(), login));
    return login;
}

Result<StoredLogin> Login::by_device(const LoginQuestion& question, const ShowPrompt& show,
                                     std::stop_token stop) {
    EM_TRY(check_asks_for_person(question));
    EM_ASSIGN(const LoginClient client, client_of(*fetcher_, question, stop));
    EM_ASSIGN(DeviceLogin flow, DeviceLogin::make(client));
    EM_ASSIGN(const auto begun, fetcher_->post(flow.start(), stop));
    EM_TRY(flow.started(begun.first, begun.second, wall_ms(*clock_)));
    show(flow.prompt());
    for (;;) {
        EM_TRY(wait_until(*clock_, flow.next_poll_ms(), stop));
        EM_ASSIGN(std::optional<TokenSet> tokens,
                  flow.polled(fetcher_->post(flow.poll(), stop), wall_ms(*clock_)));
        if (!tokens) continue;
        EM_ASSIGN(const KeySet keys, fetcher_->keys(client.issuer, stop));
        EM_ASSIGN(Principal who, check_id_token(tokens->id_token, keys, client, "", wall_ms(*clock_)));
        return keep(client, std::move(*tokens), std::move(who));
    }
}

Result<StoredLogin> Login::by_browser(const LoginQuestion& question, const ShowUrl& show,
                                      std::stop_token stop) {
    EM_TRY(check_asks_for_person(question));
    EM_ASSIGN(const LoginClient client, client_of(*fetcher_, question, stop));
    EM_ASSIGN(RedirectListener listener, RedirectListener::open());
    EM_ASSIGN(const CodeLogin flow, CodeLogin::make(client, listener.url(), random_));
    show(flow.url());
    EM_ASSIGN(const std::string query, listener.wait(*clock_, browser_patience, stop));
    EM_ASSIGN(const FormCall call, flow.redirected(query));
    EM_ASSIGN(const auto answer, fetcher_->post(call, stop));
    EM_ASSIGN(const KeySet keys, fetcher_->keys(client.issuer, stop));
    EM_ASSIGN(TokenSet tokens, flow.exchanged(answer.first, answer.second, keys, wall_ms(*clock_)));
    EM_ASSIGN(const Jws jws, parse_jws(tokens.id_token));  // checked by exchanged()
    Result<Principal> who = principal_of(jws.claims, {client.issuer.issuer, client.client, TokenUse::id, {}});
    return keep(client, std::move(tokens), who);
}

Result<StoredLogin> Login::by_secret(const LoginQuestion& question, std::stop_token stop) {
    EM_ASSIGN(const LoginClient client, client_of(*fetcher_, question, stop));
    EM_ASSIGN(const FormCall call, service_call(client));
    EM_ASSIGN(const auto answer, fetcher_->post(call, stop));
    EM_ASSIGN(TokenSet tokens, parse_token_answer(answer.first, answer.second, wall_ms(*clock_)));
    return keep(client, std::move(tokens), fail(Code::not_found, "a pipeline is no person"));
}

Result<StoredLogin> Login::renew(StoredLogin login, const std::stop_token& stop) {
    if (login.tokens.refresh_token.empty()) {
        return fail(Code::refused, "login: it has expired; run 'euromesh login' again");
    }
    EM_ASSIGN(const LoginClient client,
              client_of(*fetcher_, {login.issuer, login.client, "", "", login.resource}, stop));
    EM_ASSIGN(const auto answer, fetcher_->post(refresh_call(client, login.tokens.refresh_token), stop));
    auto tokens = parse_token_answer(answer.first, answer.second, wall_ms(*clock_));
    if (!tokens) return fail(tokens.error().within("login: renewing it (run 'euromesh login' again)"));
    if (tokens->refresh_token.empty()) tokens->refresh_token = login.tokens.refresh_token;
    if (tokens->scope.empty()) tokens->scope = login.tokens.scope;
    login.tokens = std::move(*tokens);
    EM_TRY(write_login(file(), login));
    return login;
}

Result<StoredLogin> Login::fresh(std::stop_token stop) {
    const auto is_good = [this](const StoredLogin& login) {
        return wall_ms(*clock_) + renew_before_ms < login.tokens.expires_ms;
    };
    EM_ASSIGN(StoredLogin first, stored());
    if (is_good(first)) return first;
    EM_ASSIGN(const os::FileLock lock, wait_for_lock(folder_ / "login.lock", *clock_, stop));
    EM_ASSIGN(StoredLogin login, stored());
    if (is_good(login)) return login;
    return renew(std::move(login), stop);
}

Status Login::logout(std::stop_token stop) {
    const auto login = stored();
    if (login && !login->tokens.refresh_token.empty()) {
        // An issuer that is away or cannot revoke is no reason to keep the file.
        const auto document = fetcher_->document(login->issuer, stop);
        if (document && !document->revocation_url.empty()) {
            const FormFields form{{"client_id", login->client}, {"token", login->tokens.refresh_token}};
            [[maybe_unused]] const auto told =
                fetcher_->post({document->revocation_url, to_form(form)}, stop);
        }
    }
    return os::remove_file(file());
}

}  // namespace euromesh::federation
