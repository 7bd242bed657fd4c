// HTTP requests: one at a time, bounded, signed where an object store wants it.
//
// Adapter to libcurl, which brings TLS with the system's authorities, proxies from the environment (also
// SOCKS) and AWS Signature Version 4. Redirects are not followed. No error text contains a credential, a
// signed header or a query.
//
// Thread rule: a client belongs to one thread at a time; make one per thread. It keeps its connection.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace euromesh::os {

struct HttpSigner {
    std::string region;  // of Signature Version 4, service s3
    std::string key_id;
    std::string secret;
    std::string token;  // of temporary credentials; may be empty
};

struct HttpRequest {
    std::string method = "GET";  // GET, PUT, POST, DELETE
    std::string url;             // with its query in order of names, percent-encoded
    std::vector<std::string> headers{};
    std::span<const std::byte> body{};  // of PUT and POST; its type stands in the headers
    // Where the body of the answer goes. More than fits is an error.
    std::span<std::byte> room{};
    const HttpSigner* signer = nullptr;
    // Without a byte moving for so long, the request has failed.
    Nanoseconds silence_limit = std::chrono::seconds(30);
    // PEM file of the authorities that servers are checked against, instead of the system's; may be empty.
    std::string authority_file{};
    // Path of a socket of this machine that is connected instead of the URL's host; empty: none.
    std::string unix_socket{};
    // Not through a proxy of the environment: for what must not leave this machine.
    bool is_direct = false;
};

struct HttpAnswer {
    int status = 0;
    std::size_t received = 0;  // bytes of the body in `room`
    std::string error_body{};  // of status 300 and above, at most 64 KiB
};

class HttpClient {
  public:
    HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;
    ~HttpClient();
    // Any status is an answer. unavailable: no connection, or it broke; bad_input: the URL; refused: the
    // server is not who its certificate must say; no_space: the body does not fit; cancelled: stop was
    // requested.
    Result<HttpAnswer> perform(const HttpRequest& request, std::stop_token stop = {});

  private:
    struct State;
    std::unique_ptr<State> state_;
};

struct HttpText {
    int status = 0;
    std::string body;
};

// For small answers: a body of at most max_bytes as text, also that of an error (then at most 64 KiB). Errors
// as perform().
Result<HttpText> ask_text(HttpClient& client, HttpRequest request, std::size_t max_bytes,
                          std::stop_token stop = {});

}  // namespace euromesh::os
