#include "federation/service/run_authority.hpp"

#include <doctest/doctest.h>

#include "base/os/certificate.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t now_ms = 1'763'733'600'000;

RunMember member(const std::string& job, const std::string& site) {
    return {job, site, now_ms, 3'600'000};
}

TEST_CASE("two sites get certificates of one authority, also from a coordinator begun anew") {
    const std::array<std::uint8_t, 32> seed{1};
    const SigningKey first = SigningKey::from_seed(seed), again = SigningKey::from_seed(seed);
    const os::KeyPair a = os::make_key_pair(), b = os::make_key_pair();
    const Json one = certify_member(first, member("j17", "jupiter"), a.public_key, now_ms).value();
    const Json two = certify_member(again, member("j17", "leonardo"), b.public_key, now_ms + 5000).value();
    const auto facts = os::inspect_certificate(one["authority"].get<std::string>(),
                                               two["certificate"].get<std::string>(), b.key);
    REQUIRE(facts);
    CHECK(facts->signed_by_authority);
    CHECK(facts->key_fits);
    CHECK(facts->subject.name == "leonardo");
    CHECK(facts->subject.organisation == "j17");
    CHECK(facts->validity.until > std::chrono::seconds(now_ms / 1000 + 3600));
    CHECK(one.dump().find("PRIVATE") == std::string::npos);
}

TEST_CASE("a certificate names its run; another coordinator is another authority") {
    const os::KeyPair pair = os::make_key_pair();
    const SigningKey key = SigningKey::generate(), other = SigningKey::generate();
    const Json here = certify_member(key, member("j17", "jupiter"), pair.public_key, now_ms).value();
    const auto is_signed_by = [&](const SigningKey& by, const char* job) {
        const Json there = certify_member(by, member(job, "jupiter"), pair.public_key, now_ms).value();
        return os::inspect_certificate(there["authority"].get<std::string>(),
                                       here["certificate"].get<std::string>(), pair.key)
            ->signed_by_authority;
    };
    CHECK(is_signed_by(key, "j17"));
    CHECK(is_signed_by(key, "j18"));
    CHECK(os::inspect_certificate(here["authority"].get<std::string>(),
                                  here["certificate"].get<std::string>(), pair.key)
              ->subject.organisation == "j17");
    CHECK_FALSE(is_signed_by(other, "j17"));
    CHECK(certify_member(key, member("j17", "jupiter"), "no key", now_ms).error().code == Code::bad_input);
}

}  // namespace
}  // namespace euromesh::federation
