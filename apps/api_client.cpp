#include "apps/api_client.hpp"

#include <cstdlib>

#include "base/os/entropy.hpp"
#include "base/os/user_folder.hpp"
#include "federation/identity/login.hpp"

namespace euromesh::apps {
namespace {

constexpr std::size_t answer_max_bytes = 64u << 20;
constexpr const char* address_file = "coordinator.json";

Code code_of(int status) {
    switch (status) {
        case 400:
        case 413:
        case 415:
        case 422:
            return Code::bad_input;
        case 401:
        case 403:
            return Code::refused;
        case 404:
        case 405:
            return Code::not_found;
        case 409:
            return Code::conflict;
        case 507:
            return Code::no_space;
        case 429:
        case 502:
        case 503:
        case 504:
            return Code::unavailable;
        default:
            return Code::internal;
    }
}

std::string faults_text(const Json& problem) {
    std::string text;
    for (const Json& fault : problem.value("errors", Json::array())) {
        if (!fault.is_object()) continue;
        text += fmt::format("; {}: {}", fault.value("pointer", "/"), fault.value("detail", ""));
    }
    return text;
}

}  // namespace

Result<CoordinatorAddress> find_coordinator(const std::string& given) {
    if (!given.empty()) return CoordinatorAddress{given, {}};
    EM_ASSIGN(const os::Path folder, os::user_config_folder());
    const auto text = os::read_file(folder / address_file, 64u << 10);
    if (!text && text.error().code == Code::not_found)
        return fail(Code::not_found,
                    "which coordinator? use --coordinator URL, or start one with 'euromesh up'");
    if (!text) return fail(text.error());
    EM_ASSIGN(const Json json, parse_json(*text));
    CoordinatorAddress address;
    EM_ASSIGN(address.url, json_string(json, "url", address_file));
    address.authority_file = json.value("authority_file", "");
    return address;
}

Status note_coordinator(const os::Path& settings, const CoordinatorAddress& address) {
    EM_TRY(os::make_folders(settings));
    const Json json = {{"url", address.url}, {"authority_file", address.authority_file}};
    return os::write_file_atomically(settings / address_file, json.dump(2) + "\n");
}

Result<Json> document_of(const os::HttpText& answer) {
    const auto json = parse_json(answer.body.empty() ? "{}" : answer.body);
    if (answer.status < 300) {
        if (!json) return fail(json.error().within("the coordinator's answer"));
        return *json;
    }
    if (!json || !json->is_object())
        return fail(code_of(answer.status), "the coordinator answers with status {}", answer.status);
    const std::string detail = json->value("detail", json->value("title", ""));
    return fail(code_of(answer.status), "{}{}", detail, faults_text(*json));
}

Result<Json> ApiClient::call(const char* method, const std::string& path, const Json* body,
                             const std::string& key) {
    os::HttpRequest request;
    request.method = method;
    request.url = address_.url + path;
    request.authority_file = address_.authority_file;
    if (token_) {
        EM_ASSIGN(const std::string token, token_());
        request.headers.push_back("Authorization: Bearer " + token);
    }
    if (!key.empty()) request.headers.push_back("Idempotency-Key: " + key);
    const std::string text = body == nullptr ? std::string() : body->dump();
    if (body != nullptr) {
        request.headers.push_back("Content-Type: application/json");
        request.body = std::as_bytes(std::span(text));
    }
    EM_ASSIGN(const os::HttpText answer, os::ask_text(client_, request, answer_max_bytes));
    return document_of(answer);
}

Result<std::unique_ptr<ApiClient>> client_of_person(const std::string& coordinator, const Clock& clock) {
    EM_ASSIGN(CoordinatorAddress address, find_coordinator(coordinator));
    EM_ASSIGN(const os::Path folder, os::user_config_folder());
    auto fetcher = std::make_shared<federation::IssuerFetcher>(address.authority_file);
    auto login = std::make_shared<federation::Login>(*fetcher, clock, os::fill_random, folder);
    auto token = [fetcher, login]() -> Result<std::string> {
        EM_ASSIGN(const federation::StoredLogin stored, login->fresh());
        return stored.tokens.access_token;
    };
    return std::make_unique<ApiClient>(std::move(address), std::move(token));
}

}  // namespace euromesh::apps
