#include "base/os/certificate.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace euromesh;
using namespace euromesh::os;

namespace {
const Validity some_years{std::chrono::seconds(1'700'000'000), std::chrono::seconds(2'000'000'000)};
}

TEST_CASE("an issued certificate carries its names and dates and belongs to its authority") {
    const Issued authority = make_authority({"authority", "run-1"}, some_years).value();
    const Issued site = issue_certificate(authority, {"jupiter", "run-1"}, some_years).value();
    const CertificateFacts facts =
        inspect_certificate(authority.certificate, site.certificate, site.key).value();
    CHECK(facts.subject.name == "jupiter");
    CHECK(facts.subject.organisation == "run-1");
    CHECK(facts.validity.from == some_years.from);
    CHECK(facts.validity.until == some_years.until);
    CHECK(facts.signed_by_authority);
    CHECK(facts.key_fits);
}

TEST_CASE("another authority of the same name and another key are told apart") {
    const Issued authority = make_authority({"authority", "run-1"}, some_years).value();
    const Issued other = make_authority({"authority", "run-1"}, some_years).value();
    const Issued site = issue_certificate(authority, {"jupiter", "run-1"}, some_years).value();
    const Issued second = issue_certificate(authority, {"leonardo", "run-1"}, some_years).value();
    CHECK(!inspect_certificate(other.certificate, site.certificate, site.key)->signed_by_authority);
    CHECK(!inspect_certificate(authority.certificate, site.certificate, second.key)->key_fits);
    CHECK(site.certificate != second.certificate);
}

TEST_CASE("what is not PEM is named, and its text is not repeated") {
    const Issued authority = make_authority({"authority", "run-1"}, some_years).value();
    const auto facts = inspect_certificate(authority.certificate, authority.certificate, "SECRET");
    REQUIRE(!facts);
    CHECK(facts.error().code == Code::bad_input);
    CHECK(facts.error().message.find("site key") != std::string::npos);
    CHECK(facts.error().message.find("SECRET") == std::string::npos);
    CHECK(inspect_certificate("", "", "").error().message.find("run authority") != std::string::npos);
}

TEST_CASE("a name that does not fit in a certificate is refused") {
    const Issued authority = make_authority({"authority", "run-1"}, some_years).value();
    const auto issued = issue_certificate(authority, {std::string(65, 'x'), "run-1"}, some_years);
    REQUIRE(!issued);
    CHECK(issued.error().code == Code::bad_input);
}

TEST_CASE("a certificate is verified: signer, dates, use") {
    const auto now = std::chrono::seconds(1'800'000'000);
    const Issued authority = make_authority({"authority", "run-1"}, some_years).value();
    const Issued other = make_authority({"authority", "run-1"}, some_years).value();
    const Issued site = issue_certificate(authority, {"jupiter", "run-1"}, some_years).value();
    const CertificateSubject subject =
        verify_certificate(authority.certificate, site.certificate, now).value();
    CHECK(subject.name == "jupiter");
    CHECK(subject.organisation == "run-1");
    const auto reason = [&](const Issued& signer, const Issued& shown, std::chrono::seconds when) {
        const auto verified = verify_certificate(signer.certificate, shown.certificate, when);
        REQUIRE(!verified);
        CHECK(verified.error().code == Code::refused);
        return verified.error().message;
    };
    CHECK(reason(other, site, now).find("not signed by this run's authority") != std::string::npos);
    CHECK(reason(authority, site, some_years.until + std::chrono::seconds(1)).find("expired") !=
          std::string::npos);
    CHECK(reason(authority, site, some_years.from - std::chrono::seconds(1)).find("not valid yet") !=
          std::string::npos);
    CHECK(verify_certificate(authority.certificate, "x", now).error().code == Code::bad_input);
}

TEST_CASE("a signature holds for its message and its key only") {
    const Issued authority = make_authority({"authority", "run-1"}, some_years).value();
    const Issued site = issue_certificate(authority, {"jupiter", "run-1"}, some_years).value();
    const Issued other = issue_certificate(authority, {"jupiter", "run-1"}, some_years).value();
    const std::string signature = sign_message(site.key, "hello").value();
    CHECK(signature.size() == 64);
    CHECK(is_signed(site.certificate, "hello", signature));
    CHECK(!is_signed(site.certificate, "hullo", signature));
    CHECK(!is_signed(other.certificate, "hello", signature));
    CHECK(!is_signed(site.certificate, "hello", signature.substr(1)));
    CHECK(!is_signed(site.certificate, "hello", ""));
    CHECK(!is_signed("x", "hello", signature));
    const auto wrong = sign_message("SECRET", "hello");
    REQUIRE(!wrong);
    CHECK(wrong.error().message.find("SECRET") == std::string::npos);
}

TEST_CASE("an authority made twice from one secret is one authority; another secret makes another") {
    std::array<std::uint8_t, 32> seed{};
    seed[0] = 7;
    const Issued first = make_authority(seed, {"authority", "run-1"}, some_years).value();
    const Issued again = make_authority(seed, {"authority", "run-1"}, some_years).value();
    const KeyPair site = make_key_pair();
    CHECK(site.public_key.find("PRIVATE") == std::string::npos);
    const std::string certificate = certify(first, site.public_key, {"jupiter", "run-1"}, some_years).value();
    const CertificateFacts facts = inspect_certificate(again.certificate, certificate, site.key).value();
    CHECK(facts.signed_by_authority);
    CHECK(facts.key_fits);
    CHECK(facts.subject.name == "jupiter");
    CHECK(verify_certificate(again.certificate, certificate, std::chrono::seconds(1'800'000'000)));
    seed[31] = 1;
    const Issued other = make_authority(seed, {"authority", "run-1"}, some_years).value();
    CHECK(!inspect_certificate(other.certificate, certificate, site.key)->signed_by_authority);
}

TEST_CASE("only an Ed25519 public key is certified") {
    const Issued authority = make_authority({"authority", "run-1"}, some_years).value();
    for (const std::string& text : {std::string(), std::string("x"), make_key_pair().key}) {
        const auto made = certify(authority, text, {"jupiter", "run-1"}, some_years);
        REQUIRE(!made);
        CHECK(made.error().code == Code::bad_input);
    }
}
