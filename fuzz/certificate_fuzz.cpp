// Certificates and keys as PEM text: any of the three files that a site reads is any bytes.
#include "base/os/certificate.hpp"

#include "base/os/system_clock.hpp"
#include "base/os/tls.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

const os::TlsCredentials& sound_credentials() {
    static const os::TlsCredentials made = [] {
        const os::Validity validity{std::chrono::seconds(0), std::chrono::seconds(4'000'000'000)};
        const os::Issued authority = os::make_authority({"run", "r"}, validity).value();
        const os::Issued site = os::issue_certificate(authority, {"a", "r"}, validity).value();
        return os::TlsCredentials{authority.certificate, site.certificate, site.key};
    }();
    return made;
}

void check_facts(const os::TlsCredentials& asked, const os::CertificateFacts& facts) {
    EM_ASSERT(!facts.key_fits || asked.key != sound_credentials().key || facts.subject.name == "a",
              "our key fits no other certificate");
    EM_ASSERT(!facts.signed_by_authority || asked.authority != sound_credentials().authority ||
                  facts.subject.organisation == "r",
              "our authority has signed nothing else");
}

}  // namespace

void try_input(Input input) {
    static const os::SystemClock clock;
    os::TlsCredentials asked = sound_credentials();
    std::string* const replaced[] = {&asked.authority, &asked.certificate, &asked.key};
    *replaced[input.byte() % 3] = std::string(input.text());
    const auto facts = os::inspect_certificate(asked.authority, asked.certificate, asked.key);
    if (facts) check_facts(asked, *facts);
    (void)os::TlsContext::make(asked, clock);
}

}  // namespace euromesh::fuzz
