#include "federation/service/explanation_document.hpp"

#include "base/base64.hpp"
#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {
namespace {

Json explanation(const Coordinator& coordinator, const std::string& who, const std::string& job) {
    const auto made = explanation_document(coordinator, person(who), job);
    if (!made) FAIL(made.error().message);
    return *made;
}

bool is_proved(const Json& decision, const PublicKey& coordinator) {
    const Json& json = decision.at("proof");
    const auto head = decode_signed_head(json.at("head").get<std::string>());
    REQUIRE(head);
    CHECK(is_signed_by(*head, coordinator));
    CHECK(json.at("size") == head->head.size);
    CHECK(json.at("index") == decision.at("entry"));
    Proof proof;
    for (const Json& hash : json.at("hashes")) {
        NodeHash node{};
        REQUIRE(from_base64(hash.get<std::string>(), node));
        proof.push_back(node);
    }
    return verify_inclusion(leaf_hash(decision.at("text").get<std::string>()),
                            decision.at("entry").get<std::uint64_t>(), head->head.size, proof,
                            head->head.root);
}

TEST_CASE("a decided job: every place, the claim, and a proof that anybody can check") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    world.admit(*coordinator, "site-b");
    const std::string job = world.submit(*coordinator);
    Json document;
    REQUIRE(eventually([&] {
        const auto made = explanation_document(*coordinator, person("ada"), job);
        if (!made || made->at("decisions").empty()) return false;
        document = *made;
        return !document.at("decisions").at(0).at("proof").is_null();
    }));
    CHECK(document.at("job") == job);
    CHECK(document.at("state") == "placed");
    CHECK_FALSE(document.contains("now"));
    REQUIRE(document.at("decisions").size() == 1);
    Json decision = document.at("decisions").at(0);
    CHECK(is_proved(decision, world.key.public_key()));
    CHECK(decision.at("decision").at("job") == job);
    CHECK(decision.at("decision").at("claims").size() == 1);
    CHECK(decision.at("decision").at("table").size() == 2);
    CHECK(decision.at("decision").at("rules_digest").get<std::string>().size() == 64);
    CHECK(parse_json(decision.at("text").get<std::string>())->at("data") == decision.at("decision"));
    std::string changed = decision.at("text");
    changed[changed.size() / 2] ^= 1;
    decision["text"] = changed;
    CHECK_FALSE(is_proved(decision, world.key.public_key()));
}

TEST_CASE("a waiting job: what rules each place out now") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    contract::JobSpec spec = small_job("reef");
    spec.preferred_sites = {"site-z"};
    const std::string job = must_ask(*coordinator, person("ada"), Submit{spec, "", ""}).at("job");
    const Json document = explanation(*coordinator, "ada", job);
    CHECK(document.at("state") == "waiting");
    CHECK(document.at("decisions").empty());
    REQUIRE(document.at("now").size() == 1);
    CHECK(document.at("now").at(0).dump().find("site-a") != std::string::npos);
}

TEST_CASE("a job that was decided twice has both decisions, the newest last") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    world.admit(*coordinator, "site-b");
    REQUIRE(report(*coordinator, "site-a", {"journal-a", -1, {}}));
    REQUIRE(report(*coordinator, "site-b", {"journal-b", -1, {}}));
    const std::string job = world.submit(*coordinator);
    const auto claims = [&] {
        return coordinator->read([&](const Core& core) { return core.tables().job(job)->claims; });
    };
    REQUIRE(eventually([&] { return claims().size() == 1; }));
    const std::string first =
        coordinator->read([&](const Core& core) { return core.tables().claim(claims()[0])->site; });
    const std::string journal = first == "site-a" ? "journal-a" : "journal-b";
    ClaimReport refusal;
    refusal.claim = claims()[0];
    refusal.state = "refused";
    refusal.words = "not here";
    REQUIRE(report(*coordinator, first, {journal, -1, {}}));
    REQUIRE(report(*coordinator, first, {journal, 0, {refusal}}));
    REQUIRE(eventually([&] { return claims().size() == 2; }));
    Json document;
    REQUIRE(eventually([&] {
        const auto made = explanation_document(*coordinator, person("ada"), job);
        if (made) document = *made;
        return made && document.at("decisions").size() == 2 &&
               !document.at("decisions").at(1).at("proof").is_null();
    }));
    for (const Json& decision : document.at("decisions")) CHECK(is_proved(decision, world.key.public_key()));
    CHECK(document.at("decisions").at(0).at("entry") < document.at("decisions").at(1).at("entry"));
    REQUIRE(document.at("refusals").size() == 1);
    CHECK(document.at("refusals").at(0) == Json{{"site", first}, {"words", "not here"}});
}

TEST_CASE("other people's jobs are not found") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    const std::string job = world.submit(*coordinator);
    CHECK(explanation_document(*coordinator, person("bo"), job).error().code == Code::not_found);
    CHECK(explanation_document(*coordinator, person("ada"), "j12345").error().code == Code::not_found);
}

}  // namespace
}  // namespace euromesh::federation
