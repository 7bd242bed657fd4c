// Calls of the coordinator by the program: JSON in, JSON out, problems as errors.
//
// Which coordinator: --coordinator, else $EUROMESH_COORDINATOR, else the one that `euromesh up` or `euromesh
// login` noted in the person's settings. The token comes from the log-in. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/os/file.hpp"
#include "base/os/http_client.hpp"

namespace euromesh::apps {

struct CoordinatorAddress {
    std::string url;
    std::string authority_file;  // PEM; empty: the system's
};

// `given`: from the command line, may be empty. not_found: none is known.
Result<CoordinatorAddress> find_coordinator(const std::string& given);
Status note_coordinator(const os::Path& settings, const CoordinatorAddress& address);

struct ApiAnswer {
    int status = 0;
    Json document;
};

class ApiClient {
  public:
    // `token`: gives one that is good now; none for routes that are public.
    using TokenSource = std::function<Result<std::string>()>;
    ApiClient(CoordinatorAddress address, TokenSource token)
        : address_(std::move(address)), token_(std::move(token)) {}

    Result<Json> get(const std::string& path) { return call("GET", path, nullptr, {}); }
    Result<Json> post(const std::string& path, const Json& body, const std::string& idempotency_key = {}) {
        return call("POST", path, &body, idempotency_key);
    }
    const CoordinatorAddress& address() const { return address_; }

  private:
    Result<Json> call(const char* method, const std::string& path, const Json* body, const std::string& key);
    CoordinatorAddress address_;
    TokenSource token_;
    os::HttpClient client_;
};

// An answer of the API as a document, or its problem as an error: "jobs: no such project (rule
// civilian-use)".
Result<Json> document_of(const os::HttpText& answer);

// With the person's log-in.
Result<std::unique_ptr<ApiClient>> client_of_person(const std::string& coordinator, const Clock& clock);

}  // namespace euromesh::apps
