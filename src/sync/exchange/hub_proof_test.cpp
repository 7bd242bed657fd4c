#include "sync/exchange/hub_proof.hpp"

#include <set>

#include "base/json.hpp"
#include "base/random.hpp"
#include "sync/exchange/sites_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

HubParty party(const std::string& site, const std::string& peer, const std::string& run = "run-1") {
    return {RunId::parse(run, "run").value(), SiteId::parse(site, "site").value(),
            SiteId::parse(peer, "site").value()};
}

struct Keys {
    SitesForTest sites{2};
    os::TlsCredentials own = sites.credentials("site0", "run-1", sites.authority);
    HubChallenge challenge = make_challenge();
    std::vector<std::string> authorities{sites.authority.certificate};

    HubProof proof(const os::TlsCredentials& keys, const HubParty& who = party("site0", "site1")) const {
        return make_hub_proof(who, keys, challenge).value();
    }
    std::string refusal(const HubProof& shown) const {
        const auto checked = check_hub_proof(shown, challenge, authorities, test_clock);
        REQUIRE(!checked);
        CHECK(checked.error().code == Code::refused);
        return checked.error().message;
    }
};

}  // namespace

TEST_CASE("a proof goes over the wire and is believed, for the authority that vouches") {
    const Keys keys;
    const HubProof sent = keys.proof(keys.own);
    const HubProof got = parse_hub_proof(hub_proof_text(sent)).value();
    CHECK(got.party == sent.party);
    CHECK(check_hub_proof(got, keys.challenge, keys.authorities, test_clock).value() == 0);
    const auto other = os::make_authority({"other", "run-2"}, SitesForTest::validity()).value();
    const std::vector<std::string> two{other.certificate, keys.sites.authority.certificate};
    CHECK(check_hub_proof(got, keys.challenge, two, test_clock).value() == 1);
    CHECK(check_hub_proof(got, keys.challenge, {}, test_clock).error().code == Code::refused);
}

TEST_CASE("challenges differ, and greet") {
    std::set<HubChallenge> seen;
    for (int i = 0; i < 100; ++i) CHECK(seen.insert(make_challenge()).second);
    const HubChallenge one = *seen.begin();
    CHECK(parse_hub_greeting(hub_greeting_text(one)).value() == one);
    for (const char* wrong : {"", "{}", "HTTP", R"({"hub":1,"challenge":"00"})", R"({"hub":"1"})"})
        CHECK(parse_hub_greeting(wrong).error().code == Code::corrupted);
    const Json newer{{"hub", 2}, {"challenge", std::string(64, '0')}};
    CHECK(has(parse_hub_greeting(newer.dump()).error().message, "hub protocol 2, expected 1"));
}

TEST_CASE("who is not what the proof says is refused with the reason") {
    Keys keys;
    const auto other = os::make_authority({"other", "run-1"}, SitesForTest::validity()).value();
    SUBCASE("a stranger") {
        CHECK(has(keys.refusal(keys.proof(keys.sites.credentials("site0", "run-1", other))), "not signed"));
    }
    SUBCASE("expired") {
        const auto dates = SitesForTest::validity(std::chrono::hours(2), std::chrono::hours(-1));
        const auto old = keys.sites.credentials("site0", "run-1", keys.sites.authority, dates);
        CHECK(has(keys.refusal(keys.proof(old)), "has expired"));
        // Also when another authority is asked after it, or before.
        keys.authorities.push_back(other.certificate);
        CHECK(has(keys.refusal(keys.proof(old)), "has expired"));
        std::swap(keys.authorities[0], keys.authorities[1]);
        CHECK(has(keys.refusal(keys.proof(old)), "has expired"));
    }
    SUBCASE("another run") {
        const auto elsewhere = keys.sites.credentials("site0", "run-2", keys.sites.authority);
        CHECK(has(keys.refusal(keys.proof(elsewhere)), "for run 'run-2', asked for is run 'run-1'"));
    }
    SUBCASE("another site") {
        CHECK(has(keys.refusal(keys.proof(keys.own, party("site1", "site0"))), "for site 'site0'"));
    }
    SUBCASE("itself") {
        CHECK(has(keys.refusal(keys.proof(keys.own, party("site0", "site0"))), "itself"));
    }
    SUBCASE("another key") {
        HubProof forged = keys.proof(keys.sites.credentials("site0", "run-1", keys.sites.authority));
        forged.certificate = keys.own.certificate;
        CHECK(has(keys.refusal(forged), "not of this connection"));
    }
    SUBCASE("replayed, or altered") {
        const HubProof good = keys.proof(keys.own);
        HubProof altered = good;
        altered.party.peer = party("x", "site9").peer;
        CHECK(has(keys.refusal(altered), "not of this connection"));
        altered = good;
        altered.signature[5] = static_cast<char>(altered.signature[5] ^ 1);
        CHECK(has(keys.refusal(altered), "not of this connection"));
        keys.challenge = make_challenge();
        CHECK(has(keys.refusal(good), "not of this connection"));
    }
}

TEST_CASE("names of other lengths never sign the same text") {
    const Keys keys;
    HubProof proof = keys.proof(keys.own, party("site0", "abc", "run-1"));
    proof.party = party("site0a", "bc", "run-1");
    CHECK(!check_hub_proof(proof, keys.challenge, keys.authorities, test_clock));
}

TEST_CASE("states and refusals") {
    CHECK(parse_hub_state(hub_state_text(HubState::waiting)).value() == HubState::waiting);
    CHECK(parse_hub_state(hub_state_text(HubState::paired)).value() == HubState::paired);
    const auto refused = parse_hub_state(hub_refusal_text("no\nway"));
    CHECK(refused.error().code == Code::refused);
    CHECK(refused.error().message == "it refuses this site: no?way");
    CHECK(parse_hub_state("[]").error().code == Code::corrupted);
    CHECK(parse_hub_state("x").error().code == Code::corrupted);
}

TEST_CASE("no bytes break the parsers") {
    const Keys keys;
    const std::string good = hub_proof_text(keys.proof(keys.own));
    Random random(7);
    for (int i = 0; i < 3000; ++i) {
        std::string bad = good;
        for (int k = 0; k < 4; ++k) bad[random.below(bad.size())] = static_cast<char>(random.below(256));
        if (i % 3 == 0) bad.resize(random.below(bad.size()));
        if (const auto proof = parse_hub_proof(bad); proof && i % 50 == 0)
            CHECK_FALSE(check_hub_proof(*proof, keys.challenge, keys.authorities, test_clock));
        static_cast<void>(parse_hub_state(bad));
        static_cast<void>(parse_hub_greeting(bad));
    }
    CHECK(parse_hub_proof(std::string(hub_message_most + 1, ' ')).error().code == Code::bad_input);
}
