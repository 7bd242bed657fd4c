#include "sync/exchange/hub_proof.hpp"

#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/os/certificate.hpp"
#include "base/os/entropy.hpp"
#include "sync/exchange/greeting.hpp"

namespace euromesh::sync {
namespace {

constexpr std::string_view label = "euromesh hub proof 1";
constexpr std::size_t signature_most = 1024;

std::string signed_text(const HubParty& party, const HubChallenge& challenge) {
    const std::string_view nonce(reinterpret_cast<const char*>(challenge.data()), challenge.size());
    std::string text;
    for (const std::string_view part :
         {label, nonce, std::string_view(party.run.text()), std::string_view(party.site.text()),
          std::string_view(party.peer.text())}) {
        // Every part is shorter than 256 bytes.
        text.push_back(static_cast<char>(part.size()));
        text += part;
    }
    return text;
}

std::string hex(std::string_view bytes) {
    return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

Result<std::string> unhex(const std::string& text) {
    if (text.size() % 2 != 0 || text.size() > 2 * signature_most)
        return fail(Code::bad_input, "proof: 'signature' must be hexadecimal");
    std::string bytes(text.size() / 2, '\0');
    EM_TRY(from_hex(text, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}));
    return bytes;
}

Status check_names(const HubParty& party, const os::CertificateSubject& subject) {
    if (subject.organisation != party.run.text()) {
        return fail(Code::refused, "the certificate is for run '{}', asked for is run '{}'",
                    subject.organisation, party.run.text());
    }
    if (subject.name != party.site.text()) {
        return fail(Code::refused, "the certificate is for site '{}', asked for is site '{}'", subject.name,
                    party.site.text());
    }
    if (party.site == party.peer) return fail(Code::refused, "site '{}' wants itself", party.site.text());
    return {};
}

}  // namespace

HubChallenge make_challenge() {
    HubChallenge challenge;
    os::fill_random(std::as_writable_bytes(std::span(challenge)));
    return challenge;
}

std::string hub_greeting_text(const HubChallenge& challenge) {
    return Json{{"hub", hub_protocol}, {"challenge", to_hex(challenge)}}.dump();
}

Result<HubChallenge> parse_hub_greeting(std::string_view text) {
    const auto json = parse_json(text, hub_message_most);
    const auto version = json ? json_integer(*json, "hub", "greeting") : fail(json.error());
    const auto challenge = json ? json_string(*json, "challenge", "greeting") : fail(json.error());
    HubChallenge made{};
    if (!version || !challenge || !from_hex(*challenge, made))
        return fail(Code::corrupted, "it is no hub (correct the endpoint)");
    if (*version != hub_protocol) {
        return fail(Code::corrupted,
                    "it speaks hub protocol {}, expected {} (use one version of the program)", *version,
                    hub_protocol);
    }
    return made;
}

Result<HubProof> make_hub_proof(const HubParty& party, const os::TlsCredentials& credentials,
                                const HubChallenge& challenge) {
    EM_ASSIGN(std::string signature, os::sign_message(credentials.key, signed_text(party, challenge)));
    return HubProof{party, credentials.certificate, std::move(signature)};
}

std::string hub_proof_text(const HubProof& proof) {
    return Json{{"run", proof.party.run.text()},
                {"site", proof.party.site.text()},
                {"peer", proof.party.peer.text()},
                {"certificate", proof.certificate},
                {"signature", hex(proof.signature)}}
        .dump();
}

Result<HubProof> parse_hub_proof(std::string_view text) {
    EM_ASSIGN(const Json json, parse_json(text, hub_message_most));
    EM_ASSIGN(const std::string run, json_string(json, "run", "proof"));
    EM_ASSIGN(const std::string site, json_string(json, "site", "proof"));
    EM_ASSIGN(const std::string peer, json_string(json, "peer", "proof"));
    EM_ASSIGN(const std::string signature, json_string(json, "signature", "proof"));
    HubProof proof;
    EM_ASSIGN(proof.certificate, json_string(json, "certificate", "proof"));
    EM_ASSIGN(proof.party.run, RunId::parse(run, "run"));
    EM_ASSIGN(proof.party.site, SiteId::parse(site, "site"));
    EM_ASSIGN(proof.party.peer, SiteId::parse(peer, "site"));
    EM_ASSIGN(proof.signature, unhex(signature));
    return proof;
}

Result<std::size_t> check_hub_proof(const HubProof& proof, const HubChallenge& challenge,
                                    std::span<const std::string> authorities, const Clock& clock) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.wall());
    Error why{Code::refused, "the hub knows no authority"};
    for (std::size_t i = 0; i < authorities.size(); ++i) {
        const auto subject = os::verify_certificate(authorities[i], proof.certificate, now);
        if (!subject) {
            // Of several reasons, one about a certificate that an authority did sign says more.
            const bool unsigned_here = subject.error().message.find("not signed") != std::string::npos;
            if (i == 0 || !unsigned_here) why = subject.error();
            continue;
        }
        EM_TRY(check_names(proof.party, *subject));
        if (!os::is_signed(proof.certificate, signed_text(proof.party, challenge), proof.signature))
            return fail(Code::refused, "the signature is not of this connection (replayed, or another key)");
        return i;
    }
    return fail(why.code, "{}", why.message);
}

std::string hub_state_text(HubState state) {
    return Json{{"state", state == HubState::waiting ? "waiting" : "paired"}}.dump();
}

std::string hub_refusal_text(std::string_view reason) {
    return Json{{"state", "refused"}, {"reason", one_line(std::as_bytes(std::span(reason)))}}.dump();
}

Result<HubState> parse_hub_state(std::string_view text) {
    const auto json = parse_json(text, hub_message_most);
    const auto state = json ? json_string(*json, "state", "answer") : fail(json.error());
    if (!state) return fail(Code::corrupted, "it does not answer as a hub");
    if (*state == "waiting") return HubState::waiting;
    if (*state == "paired") return HubState::paired;
    const auto reason = json_string(*json, "reason", "answer").value_or("no reason given");
    return fail(Code::refused, "it refuses this site: {}", one_line(std::as_bytes(std::span(reason))));
}

}  // namespace euromesh::sync
