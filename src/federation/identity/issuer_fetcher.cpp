#include "federation/identity/issuer_fetcher.hpp"

#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

constexpr Nanoseconds silence_limit = std::chrono::seconds(10);

// What is said to an issuer on this machine is not encrypted: no proxy of the environment may hear it.
Result<os::HttpRequest> request_of(const std::string& method, const std::string& url,
                                   const std::string& authority_file) {
    EM_TRY(check_endpoint(url, "issuer"));
    EM_ASSIGN(const WebAddress address, parse_web_address(url));
    os::HttpRequest request{method, url, {"Accept: application/json"}};
    request.silence_limit = silence_limit;
    request.authority_file = authority_file;
    request.is_direct = is_loopback_host(address.host);
    return request;
}

}  // namespace

std::int64_t wall_ms(const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall()).count();
}

Result<std::string> IssuerFetcher::get(const std::string& url, std::size_t max_bytes, std::stop_token stop) {
    EM_ASSIGN(os::HttpRequest request, request_of("GET", url, authority_file_));
    EM_ASSIGN(os::HttpText text, os::ask_text(client_, std::move(request), max_bytes, std::move(stop)));
    if (text.status != 200) return fail(Code::unavailable, "GET {}: status {}", url, text.status);
    return std::move(text.body);
}

Result<std::pair<int, std::string>> IssuerFetcher::post(const FormCall& call, std::stop_token stop) {
    EM_ASSIGN(os::HttpRequest request, request_of("POST", call.url, authority_file_));
    request.headers.push_back("Content-Type: application/x-www-form-urlencoded");
    request.body = std::as_bytes(std::span(call.form.data(), call.form.size()));
    EM_ASSIGN(os::HttpText text,
              os::ask_text(client_, std::move(request), token_answer_max_bytes, std::move(stop)));
    return std::pair(text.status, std::move(text.body));
}

Result<IssuerDocument> IssuerFetcher::document(const std::string& issuer, std::stop_token stop) {
    EM_ASSIGN(const std::string text, get(discovery_url(issuer), issuer_document_max_bytes, std::move(stop)));
    return parse_issuer_document(text, issuer);
}

Result<KeySet> IssuerFetcher::keys(const IssuerDocument& document, std::stop_token stop) {
    EM_ASSIGN(const std::string text, get(document.keys_url, key_set_max_bytes, std::move(stop)));
    return KeySet::parse(text);
}

std::vector<Error> IssuerFetcher::refresh(TrustedIssuers& issuers, const Clock& clock,
                                          const std::stop_token& stop) {
    std::vector<Error> failures;
    // Twice: the first answer may say where the keys are.
    for (int round = 0; round < 2; ++round) {
        for (const IssuerFetch& fetch : issuers.due(wall_ms(clock))) {
            const auto text = get(fetch.url, fetch.max_bytes, stop);
            const Status taken = issuers.answer(fetch, text, wall_ms(clock));
            if (!taken) failures.push_back(taken.error());
        }
    }
    return failures;
}

}  // namespace euromesh::federation
