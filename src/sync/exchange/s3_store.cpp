#include "sync/exchange/s3_store.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/os/file.hpp"
#include "base/os/socket.hpp"
#include "base/os/terminal.hpp"
#include "sync/exchange/s3_store_listing.hpp"

namespace euromesh::sync {
namespace {

constexpr std::size_t listing_max_bytes = 8u << 20;
constexpr std::size_t page = 1000;  // what a request gives at most

bool is_for_a_moment(int status) {
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

Code code_of(int status, std::string_view name) {
    if (status == 404) return Code::not_found;
    if (status == 507 || name.find("Quota") != std::string_view::npos) return Code::no_space;
    if (status == 401 || status == 403) return Code::refused;
    if (status == 409) return Code::conflict;
    return is_for_a_moment(status) ? Code::unavailable : Code::bad_input;
}

std::string_view remedy_of(Code code) {
    switch (code) {
        case Code::refused:
            return " (check the credentials, the region and the bucket's policy)";
        case Code::not_found:
            return " (check the bucket's name)";
        case Code::no_space:
            return " (free some room in the bucket)";
        default:
            return "";
    }
}

// Waits as long as the attempt's number asks, or until stop.
void pause(int attempt, const std::stop_token& stop) {
    const auto slices = std::min(1 << attempt, 16) * 4;
    for (int i = 0; i < slices && !stop.stop_requested(); ++i) {
        os::wait_ready({}, std::chrono::milliseconds(25));
    }
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string first_of(std::initializer_list<const char*> names, std::string otherwise) {
    for (const char* name : names) {
        const auto value = os::environment(name);
        if (value && !value->empty()) return *value;
    }
    return otherwise;
}

Status check_config(const S3Config& config, const std::string& location) {
    const bool web = config.endpoint.starts_with("https://") || config.endpoint.starts_with("http://");
    const bool folder = config.prefix.empty() ||
                        check_blob_name(std::string_view(config.prefix).substr(0, config.prefix.size() - 1));
    if (web && config.endpoint.find('@') == std::string::npos && check_blob_name(config.bucket) && folder)
        return {};
    return fail(Code::bad_input,
                "store '{}': write s3+https://host/bucket/prefix, or s3://bucket/prefix with the endpoint in "
                "AWS_ENDPOINT_URL; credentials belong into the environment",
                location.find('@') == std::string::npos ? location : "s3...");
}

}  // namespace

Result<S3Config> parse_s3_location(const std::string& location) {
    S3Config config;
    config.credentials.region = first_of({"AWS_REGION", "AWS_DEFAULT_REGION"}, "us-east-1");
    const std::size_t scheme = location.find("://");
    std::string rest = scheme == std::string::npos ? "" : location.substr(scheme + 3);
    if (location.starts_with("s3://")) {
        config.endpoint = first_of({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"},
                                   "https://s3." + config.credentials.region + ".amazonaws.com");
    } else if (location.starts_with("s3+")) {
        const std::size_t slash = std::min(rest.find('/'), rest.size());
        config.endpoint = location.substr(3, scheme) + rest.substr(0, slash);
        rest = rest.substr(std::min(slash + 1, rest.size()));
    }
    while (config.endpoint.ends_with('/')) config.endpoint.pop_back();
    while (rest.ends_with('/')) rest.pop_back();
    const std::size_t slash = rest.find('/');
    config.bucket = rest.substr(0, slash);
    if (slash != std::string::npos) config.prefix = rest.substr(slash + 1) + "/";
    EM_TRY(check_config(config, location));
    return config;
}

Result<os::HttpSigner> read_s3_credentials(std::string_view text, std::string_view profile) {
    os::HttpSigner signer;
    bool inside = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('[')) inside = line == "[" + std::string(profile) + "]";
        const std::size_t equals = line.find('=');
        if (!inside || equals == std::string_view::npos) continue;
        const std::string_view key = trimmed(line.substr(0, equals));
        const std::string value(trimmed(line.substr(equals + 1)));
        if (key == "aws_access_key_id") signer.key_id = value;
        if (key == "aws_secret_access_key") signer.secret = value;
        if (key == "aws_session_token") signer.token = value;
    }
    if (!signer.key_id.empty() && !signer.secret.empty()) return signer;
    return fail(Code::bad_input,
                "the credentials file has no profile [{}] with aws_access_key_id and aws_secret_access_key",
                profile);
}

Result<os::HttpSigner> find_s3_credentials() {
    os::HttpSigner signer;
    signer.key_id = first_of({"AWS_ACCESS_KEY_ID"}, "");
    signer.secret = first_of({"AWS_SECRET_ACCESS_KEY"}, "");
    signer.token = first_of({"AWS_SESSION_TOKEN"}, "");
    if (signer.key_id.empty() || signer.secret.empty()) {
        const std::string path =
            first_of({"AWS_SHARED_CREDENTIALS_FILE"}, first_of({"HOME"}, ".") + "/.aws/credentials");
        const auto text = os::read_file(path, 1u << 20);
        if (!text) {
            return fail(Code::not_found,
                        "no credentials for the object store: set AWS_ACCESS_KEY_ID and "
                        "AWS_SECRET_ACCESS_KEY, or write {}",
                        path);
        }
        EM_ASSIGN(signer, read_s3_credentials(*text, first_of({"AWS_PROFILE"}, "default")));
    }
    signer.region = first_of({"AWS_REGION", "AWS_DEFAULT_REGION"}, "us-east-1");
    return signer;
}

std::string S3Store::text() const {
    return "bucket " + config_.endpoint + "/" + config_.bucket + "/" + config_.prefix;
}

std::string S3Store::url(const std::string& name) const {
    return config_.endpoint + "/" + config_.bucket + "/" + config_.prefix + name;
}

Result<os::HttpAnswer> S3Store::ask_once(const os::HttpRequest& request, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    os::HttpClient client = idle_.empty() ? os::HttpClient() : std::move(idle_.back());
    if (!idle_.empty()) idle_.pop_back();
    lock.unlock();
    auto answer = client.perform(request, stop);
    lock.lock();
    idle_.push_back(std::move(client));
    return answer;
}

Result<os::HttpAnswer> S3Store::ask(os::HttpRequest request, const std::stop_token& stop) {
    const bool sealed = config_.endpoint.starts_with("https://");
    request.headers.push_back("x-amz-content-sha256: " +
                              (sealed ? "UNSIGNED-PAYLOAD" : to_hex(sha256(request.body))));
    request.signer = &config_.credentials;
    request.silence_limit = config_.silence_limit;
    for (int attempt = 0;; ++attempt) {
        auto answer = ask_once(request, stop);
        const bool again =
            answer ? is_for_a_moment(answer->status) : answer.error().code == Code::unavailable;
        if (!again || attempt + 1 >= config_.tries) return answer;
        counter_.retried();
        pause(attempt, stop);
    }
}

Error S3Store::refusal(const os::HttpRequest& request, const os::HttpAnswer& answer) const {
    const std::string name = s3_error_code(answer.error_body);
    const Code code = code_of(answer.status, name);
    return {code,
            fmt::format("{} {}: status {} {}{}", request.method, request.url.substr(0, request.url.find('?')),
                        answer.status, name, remedy_of(code))};
}

Status S3Store::put(const std::string& name, std::span<const std::byte> bytes, std::stop_token stop) {
    EM_TRY(check_blob_name(name));
    os::HttpRequest request{"PUT", url(name)};
    request.body = bytes;
    EM_ASSIGN(const auto answer, ask(request, stop));
    if (answer.status >= 300) return fail(refusal(request, answer));
    counter_.put(bytes.size());
    return {};
}

std::string S3Store::listing_url(const std::string& folder, std::size_t most,
                                 const std::string& token) const {
    const std::string prefix = config_.prefix + (folder.empty() ? "" : folder + "/");
    std::string query = token.empty() ? "" : "continuation-token=" + percent_encoded(token) + "&";
    query += fmt::format("list-type=2&max-keys={}", std::min(most, page));
    if (!prefix.empty()) query += "&prefix=" + percent_encoded(prefix);
    return config_.endpoint + "/" + config_.bucket + "?" + query;
}

Result<std::vector<Blob>> S3Store::list(const std::string& folder, std::size_t most, std::stop_token stop) {
    if (!folder.empty()) EM_TRY(check_blob_name(folder));
    std::vector<Blob> blobs;
    std::vector<std::byte> room(listing_max_bytes);
    std::string token;
    do {
        os::HttpRequest request{"GET", listing_url(folder, most - blobs.size(), token)};
        request.room = room;
        EM_ASSIGN(const auto answer, ask(request, stop));
        if (answer.status >= 300) return fail(refusal(request, answer));
        counter_.listed();
        const std::string_view xml(reinterpret_cast<const char*>(room.data()), answer.received);
        EM_ASSIGN(S3Listing listing, parse_s3_listing(xml));
        for (Blob& blob : listing.blobs) {
            if (!blob.name.starts_with(config_.prefix) || blobs.size() >= most) continue;
            blob.name.erase(0, config_.prefix.size());
            if (check_blob_name(blob.name)) blobs.push_back(std::move(blob));
        }
        token = std::move(listing.next);
    } while (!token.empty() && blobs.size() < most && !stop.stop_requested());
    return blobs;
}

Result<std::size_t> S3Store::get(const std::string& name, std::uint64_t offset, std::span<std::byte> room,
                                 std::stop_token stop) {
    EM_TRY(check_blob_name(name));
    if (room.empty()) return std::size_t{0};
    os::HttpRequest request{"GET", url(name)};
    request.headers.push_back(fmt::format("Range: bytes={}-{}", offset, offset + room.size() - 1));
    request.room = room;
    EM_ASSIGN(const auto answer, ask(request, stop));
    if (answer.status == 416) return std::size_t{0};
    if (answer.status >= 300) return fail(refusal(request, answer));
    if (answer.status != 206 && offset != 0) {
        return fail(Code::unavailable, "GET {}: the server gives no ranges", request.url);
    }
    counter_.got(answer.received);
    return answer.received;
}

Status S3Store::remove(const std::string& name, std::stop_token stop) {
    EM_TRY(check_blob_name(name));
    const os::HttpRequest request{"DELETE", url(name)};
    EM_ASSIGN(const auto answer, ask(request, stop));
    if (answer.status >= 300 && answer.status != 404) return fail(refusal(request, answer));
    counter_.removed();
    return {};
}

bool S3Store::wait(const std::string&, Nanoseconds timeout) {
    os::wait_ready({}, timeout);
    return false;
}

}  // namespace euromesh::sync
