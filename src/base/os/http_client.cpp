#include "base/os/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace euromesh::os {
namespace {

constexpr std::size_t error_body_max = 64u << 10;

// Once for the process; libcurl wants it before any thread uses it.
void prepare() {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    EM_ASSERT(ready == CURLE_OK, "libcurl starts");
}

struct Transfer {
    CURL* handle = nullptr;
    const HttpRequest* request = nullptr;
    std::stop_token stop{};
    std::size_t sent = 0;
    HttpAnswer answer{};
    bool overflow = false;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
    Transfer& transfer = *static_cast<Transfer*>(user);
    const std::size_t got = size * count;
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    HttpAnswer& answer = transfer.answer;
    if (status >= 300) {
        answer.error_body.append(data, std::min(got, error_body_max - answer.error_body.size()));
        return got;
    }
    if (got > transfer.request->room.size() - answer.received) {
        transfer.overflow = true;
        return 0;
    }
    std::memcpy(transfer.request->room.data() + answer.received, data, got);
    answer.received += got;
    return got;
}

std::size_t give_body(char* room, std::size_t size, std::size_t count, void* user) {
    Transfer& transfer = *static_cast<Transfer*>(user);
    const auto rest = transfer.request->body.subspan(transfer.sent);
    const std::size_t part = std::min(size * count, rest.size());
    if (part > 0) std::memcpy(room, rest.data(), part);
    transfer.sent += part;
    return part;
}

int seek_body(void* user, curl_off_t offset, int origin) {
    Transfer& transfer = *static_cast<Transfer*>(user);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > transfer.request->body.size())
        return CURL_SEEKFUNC_FAIL;
    transfer.sent = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
}

int check_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

class Headers {
  public:
    explicit Headers(const HttpRequest& request) {
        for (const std::string& header : request.headers) add(header);
        if (request.signer != nullptr && !request.signer->token.empty()) {
            add("x-amz-security-token: " + request.signer->token);
        }
    }
    Headers(const Headers&) = delete;
    Headers& operator=(const Headers&) = delete;
    ~Headers() { curl_slist_free_all(list_); }
    curl_slist* get() const { return list_; }

  private:
    void add(const std::string& header) { list_ = curl_slist_append(list_, header.c_str()); }
    curl_slist* list_ = nullptr;
};

void set_signer(CURL* handle, const HttpSigner& signer) {
    curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, ("aws:amz:" + signer.region + ":s3").c_str());
    curl_easy_setopt(handle, CURLOPT_USERNAME, signer.key_id.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, signer.secret.c_str());
}

void set_body(CURL* handle, Transfer& transfer) {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(handle, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek_body);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(transfer.request->body.size()));
}

void set_limits(CURL* handle, const HttpRequest& request) {
    const auto silence = std::chrono::ceil<std::chrono::seconds>(request.silence_limit);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    // Taking the header away would make libcurl 7.88 sign an empty one, which no server accepts.
    curl_easy_setopt(handle, CURLOPT_EXPECT_100_TIMEOUT_MS, 200L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(std::max<std::int64_t>(1, silence.count())));
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 512L << 10);
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
}

void set_all(Transfer& transfer, const Headers& headers) {
    CURL* handle = transfer.handle;
    const HttpRequest& request = *transfer.request;
    curl_easy_reset(handle);
    set_limits(handle, request);
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, check_stop);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
    if (request.method == "PUT" || request.method == "POST") set_body(handle, transfer);
    if (!request.unix_socket.empty())
        curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    if (request.is_direct) curl_easy_setopt(handle, CURLOPT_PROXY, "");
    if (!request.authority_file.empty()) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, request.authority_file.c_str());
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.signer != nullptr) set_signer(handle, *request.signer);
}

std::string without_query(const std::string& url) {
    return url.substr(0, url.find('?'));
}

Error error_of(CURLcode code, const Transfer& transfer) {
    const std::string what = transfer.request->method + " " + without_query(transfer.request->url);
    if (transfer.overflow) {
        return {Code::no_space, fmt::format("{}: more than the {} bytes that were expected", what,
                                            transfer.request->room.size())};
    }
    switch (code) {
        case CURLE_ABORTED_BY_CALLBACK:
            return {Code::cancelled, what + ": stopped"};
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return {Code::bad_input, what + ": not a URL that can be asked (write https://host)"};
        case CURLE_PEER_FAILED_VERIFICATION:
            return {Code::refused, what + ": the server's certificate is not one that this machine trusts"};
        default:
            return {Code::unavailable, what + ": " + curl_easy_strerror(code)};
    }
}

}  // namespace

struct HttpClient::State {
    CURL* handle = nullptr;
    State() {
        prepare();
        handle = curl_easy_init();
        EM_ASSERT(handle != nullptr, "libcurl gives a handle");
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { curl_easy_cleanup(handle); }
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::perform(const HttpRequest& request, std::stop_token stop) {
    Transfer transfer{state_->handle, &request, std::move(stop)};
    const Headers headers(request);
    set_all(transfer, headers);
    const CURLcode code = curl_easy_perform(state_->handle);
    if (code != CURLE_OK) return fail(error_of(code, transfer));
    long status = 0;
    curl_easy_getinfo(state_->handle, CURLINFO_RESPONSE_CODE, &status);
    transfer.answer.status = static_cast<int>(status);
    return std::move(transfer.answer);
}

Result<HttpText> ask_text(HttpClient& client, HttpRequest request, std::size_t max_bytes,
                          std::stop_token stop) {
    // Not cleared: the limit is far above what comes, and only what comes shall cost memory and time.
    const std::unique_ptr<char[]> room(new char[max_bytes]);
    request.room = std::as_writable_bytes(std::span(room.get(), max_bytes));
    EM_ASSIGN(HttpAnswer answer, client.perform(request, std::move(stop)));
    if (answer.status >= 300) return HttpText{answer.status, std::move(answer.error_body)};
    return HttpText{answer.status, std::string(room.get(), answer.received)};
}

}  // namespace euromesh::os
