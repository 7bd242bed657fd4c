// What a hub and a site read from each other before either knows who the other is.
#include "base/os/certificate.hpp"
#include "base/os/system_clock.hpp"
#include "fuzz/input.hpp"
#include "sync/exchange/hub_proof.hpp"

namespace euromesh::fuzz {
namespace {

void check_proof(std::string_view text) {
    const auto proof = sync::parse_hub_proof(text);
    if (!proof) return;
    const auto again = sync::parse_hub_proof(sync::hub_proof_text(*proof));
    EM_ASSERT(again && again->party == proof->party && again->certificate == proof->certificate &&
                  again->signature == proof->signature,
              "a proof that is read can be told again");
    static const os::SystemClock clock;
    static const std::string authority =
        os::make_authority({"run", "r"}, {std::chrono::seconds(0), std::chrono::seconds(4'000'000'000)})
            .value()
            .certificate;
    EM_ASSERT(!sync::check_hub_proof(*proof, sync::HubChallenge{}, std::span(&authority, 1), clock),
              "nobody has a proof of an authority that has signed nothing");
}

}  // namespace

void try_input(Input input) {
    const std::string_view text = input.text();
    if (const auto challenge = sync::parse_hub_greeting(text)) {
        const auto again = sync::parse_hub_greeting(sync::hub_greeting_text(*challenge));
        EM_ASSERT(again && *again == *challenge, "a challenge that is read can be told again");
    }
    (void)sync::parse_hub_state(text);
    check_proof(text);
}

}  // namespace euromesh::fuzz
