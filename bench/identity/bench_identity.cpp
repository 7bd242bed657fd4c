// How many tokens a core checks a second: RS256 and ES256, the whole way and from the cache.
//
//   bench_identity [SECONDS]
//
// Rates are per second of CPU time of one thread, the best of several rounds, since others share the machine.
// The token has what a real one has: 12 groups, scopes, name, about 1.6 KB. The last line is what the API
// asks for: 5,000 reads a second on two cores, each with a token.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "base/assert.hpp"
#include "base/os/entropy.hpp"
#include "base/os/system_clock.hpp"
#include "federation/identity/site_assertion.hpp"
#include "federation/identity/site_token.hpp"
#include "federation/identity/trusted_issuers.hpp"

using namespace euromesh;
using namespace euromesh::federation;

namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;
constexpr int rounds = 5;
const std::string issuer = "https://issuer.example";

std::string make_token(const TokenKey& key) {
    Json claims = {
        {"iss", issuer},
        {"aud", "https://coordinator.example"},
        {"sub", "5d0c2f5e-8f2b-4b6c-9a5e-0c6f1f8f6d11@issuer.example"},
        {"client_id", "euromesh-cli"},
        {"scope", "openid offline_access compute.read compute.create compute.modify compute.cancel"},
        {"name", "Ada of the benchmark"},
        {"email", "ada@example.eu"},
        {"jti", "0123456789abcdef012345"},
        {"iat", now_ms / 1000},
        {"exp", now_ms / 1000 + 3600}};
    for (int i = 0; i < 12; ++i) {
        claims["entitlements"].push_back(
            fmt::format("urn:geant:example.eu:group:project-{}:team-{}:role=member#aai.example.eu", i, i));
    }
    return make_jws(key, "at+jwt", claims);
}

double rate_of(double seconds, const std::function<bool()>& work) {
    double best = 0;
    for (int round = 0; round < rounds; ++round) {
        const Nanoseconds begin = os::process_cpu_time();
        int count = 0;
        double used = 0;
        while (used < seconds / rounds) {
            for (int i = 0; i < 50; ++i) EM_ASSERT(work(), "what is measured works");
            count += 50;
            used = to_seconds(os::process_cpu_time() - begin);
        }
        best = std::max(best, count / used);
    }
    return best;
}

void measure(const char* name, double seconds, const std::function<bool()>& work) {
    const double rate = rate_of(seconds, work);
    fmt::print("{:<44}{:>12.0f} /s {:>9.1f} us\n", name, rate, 1e6 / rate);
}

std::unique_ptr<TrustedIssuers> issuers_with(const TokenKey& key, std::size_t cached) {
    auto made =
        TrustedIssuers::make(
            {{issuer, "https://coordinator.example", "euromesh-cli", {"urn:geant:example.eu"}}}, cached)
            .value();
    const std::string document =
        Json{{"issuer", issuer}, {"jwks_uri", issuer + "/keys"}, {"token_endpoint", issuer + "/token"}}
            .dump();
    for (int i = 0; i < 2; ++i) {
        for (const IssuerFetch& fetch : made->due(now_ms)) {
            const bool is_document = fetch.what == IssuerFetch::What::document;
            const Status taken = made->answer(
                fetch, is_document ? document : KeySet({key.public_key()}).document().dump(), now_ms);
            EM_ASSERT(taken, "the keys are taken");
        }
    }
    return made;
}

void measure_algorithm(TokenAlgorithm algorithm, double seconds) {
    const TokenKey key = TokenKey::generate(algorithm);
    const std::string name(name_of(algorithm)), token = make_token(key);
    const auto uncached = issuers_with(key, 0), cached = issuers_with(key, 1000);
    const Jws jws = parse_jws(token).value();
    fmt::print("{} token of {} bytes\n", name, token.size());
    measure("  signature alone", seconds,
            [&] { return key.public_key().verifies(jws.signed_part, jws.signature); });
    measure("  whole check", seconds, [&] { return uncached->verify(token, now_ms).has_value(); });
    measure("  known token", seconds, [&] { return cached->verify(token, now_ms).has_value(); });
}

void measure_sites(double seconds) {
    const TokenMint mint("https://coordinator.example", TokenKey::generate(TokenAlgorithm::es256),
                         os::fill_random);
    const SiteId site = SiteId::parse("alpha", "site").value();
    const SiteGrant grant{site, "u1234", {Scope::compute_create}, "claim-1"};
    measure("site token minted", seconds, [&] { return mint.mint(grant, now_ms).has_value(); });
    const TokenKey key = TokenKey::generate(TokenAlgorithm::es256);
    SiteAuthenticator gate("https://coordinator.example", 1u << 20);
    gate.enrol(site, key.public_key());
    measure("site assertion made and authenticated", seconds, [&] {
        const std::string made =
            make_site_assertion(key, site, "https://coordinator.example", os::fill_random, now_ms);
        return gate.authenticate(made, now_ms).has_value();
    });
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
    if (!(seconds > 0 && seconds <= 60)) {
        fmt::print(stderr, "bench_identity [SECONDS]: 0 to 60 a line\n");
        return 2;
    }
    measure_algorithm(TokenAlgorithm::rs256, seconds);
    measure_algorithm(TokenAlgorithm::es256, seconds);
    measure_sites(seconds);
    fmt::print("wanted of two cores, with everything else of a read: 5000 /s\n");
    return 0;
}
