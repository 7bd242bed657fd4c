// A BlobStore in a bucket that speaks S3: path-style requests with Signature Version 4.
//
// Requests that fail for a moment (no connection, 429, 500, 502, 503, 504) are repeated up to 5 times, 0.1 s
// to 1.6 s apart. Credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN) or from the file that AWS_SHARED_CREDENTIALS_FILE names (else ~/.aws/credentials),
// profile AWS_PROFILE or default; they appear in no argument, log line or error.
// Over https the body is not hashed for the signature; over http it is.
// Thread rule and invariants: BlobStore's; each request at a time has a connection of its own, which is kept.
#pragma once

#include <mutex>

#include "base/os/http_client.hpp"
#include "sync/exchange/blob_store.hpp"

namespace euromesh::sync {

struct S3Config {
    std::string endpoint;  // "https://host[:port]"
    std::string bucket;
    std::string prefix;  // "" or ends with '/'
    os::HttpSigner credentials;
    Nanoseconds silence_limit = std::chrono::seconds(30);
    int tries = 6;
    // Each look is a request: what waits for nothing looks every 2 s.
    BlobStore::Patience patience{std::chrono::milliseconds(20), std::chrono::seconds(2)};
};

// All but the credentials' secrets; the region is AWS_REGION, AWS_DEFAULT_REGION or us-east-1.
Result<S3Config> parse_s3_location(const std::string& location);
// not_found: neither in the environment nor in a file; says where they were looked for.
Result<os::HttpSigner> find_s3_credentials();
// The part of a credentials file; bad_input: no such profile, or one of the two keys is missing.
Result<os::HttpSigner> read_s3_credentials(std::string_view text, std::string_view profile);

class S3Store final : public BlobStore {
  public:
    explicit S3Store(S3Config config) : config_(std::move(config)) {}

    Status put(const std::string& name, std::span<const std::byte> bytes, std::stop_token stop) override;
    Result<std::vector<Blob>> list(const std::string& folder, std::size_t most,
                                   std::stop_token stop) override;
    Result<std::size_t> get(const std::string& name, std::uint64_t offset, std::span<std::byte> room,
                            std::stop_token stop) override;
    Status remove(const std::string& name, std::stop_token stop) override;
    bool wait(const std::string& folder, Nanoseconds timeout) override;
    Patience patience() const override { return config_.patience; }
    StoreCounts counts() const override { return counter_.counts(); }
    std::string text() const override;

  private:
    std::string url(const std::string& name) const;
    Result<os::HttpAnswer> ask(os::HttpRequest request, const std::stop_token& stop);
    Result<os::HttpAnswer> ask_once(const os::HttpRequest& request, const std::stop_token& stop);
    Error refusal(const os::HttpRequest& request, const os::HttpAnswer& answer) const;
    std::string listing_url(const std::string& folder, std::size_t most, const std::string& token) const;

    S3Config config_;
    StoreCounter counter_;
    std::mutex mutex_;
    std::vector<os::HttpClient> idle_;  // under mutex_
};

}  // namespace euromesh::sync
