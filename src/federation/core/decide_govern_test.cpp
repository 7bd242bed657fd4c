#include "base/signature.hpp"
#include "federation/core/core_for_test.hpp"
#include "federation/core/decide.hpp"

namespace euromesh::federation {
namespace {

const NamedText new_rules{"new.rules", "rule all\n  \"All\"\n  source \"test\"\npermit submit;\n"};

struct Signed {
    TestFederation f;
    SigningKey one = SigningKey::from_seed({1});
    SigningKey two = SigningKey::from_seed({2});
    Core core;

    Signed() {
        FederationRecord record = f.core.tables().federation();
        record.governance.pathway = "members";
        record.governance.keys = {{"one", to_hex(one.public_key())}, {"two", to_hex(two.public_key())}};
        record.governance.needed = 2;
        record.governance.needed_emergency = 1;
        REQUIRE(core.execute({f.admin, Found{record}}, f.now_ms));
    }
    std::string error(Ask ask) {
        const auto outcome = core.execute({f.admin, std::move(ask)}, f.now_ms);
        return outcome ? "" : outcome.error().message;
    }
    SignedBy by(const std::string& name, const SigningKey& key, const std::string& message) const {
        return {name, to_hex(key.sign(message))};
    }
};

TEST_CASE("rules change when enough different holders of keys signed exactly this change") {
    Signed s;
    const std::string digest = rules_digest("federation", {new_rules}).value();
    const std::string message = rules_message(s.core.tables().federation(), digest);
    const SignedBy one = s.by("one", s.one, message);
    CHECK(s.error(ChangeRules{{new_rules}, {one, one}}).find("1 of 2 needed") == 0);
    CHECK(s.error(ChangeRules{{new_rules}, {one, s.by("two", s.one, message)}}).find("signature of 'two'") ==
          0);
    CHECK(s.error(ChangeRules{{new_rules}, {one, s.by("two", s.two, message)}}) == "");
    CHECK(s.core.tables().federation().rules_digest == digest);
    CHECK(s.core.tables().federation().rules_version == 2);
    // The old signatures are not good for another change.
    CHECK(rules_message(s.core.tables().federation(), digest) != message);
    CHECK(s.error(ChangeRules{{{"x", "rule"}}, {}}).find("x") != std::string::npos);
}

TEST_CASE("an emergency needs signatures and ends by itself") {
    Signed s;
    SetMode ask{"emergency", s.f.now_ms + 1000, "flood", {}};
    CHECK(s.error(ask).find("0 of 1 needed") == 0);
    ask.signatures = {s.by("one", s.one, mode_message(s.core.tables().federation(), ask))};
    CHECK(s.error(ask) == "");
    CHECK(s.core.tables().mode_at(s.f.now_ms) == "emergency");
    CHECK(s.core.tables().mode_at(s.f.now_ms + 1000) == "normal");
    ask.until_ms += 1;
    CHECK(s.error(ask).find("signature of 'one'") == 0);
}

TEST_CASE("sites are admitted by the board, described by themselves, and leave at any moment") {
    TestFederation f;
    CHECK(f.error(f.admin, AdmitSite{"fi", std::string(64, 'a'), "FI", "", "ju", {}})
              .find("admitted already") != std::string::npos);
    CHECK(f.error(f.admin, AdmitSite{"x", "zz", "FI", "", "ju", {}}).find("64 hexadecimal digits") !=
          std::string::npos);
    CHECK(f.error(f.agent("fi"), DescribeSite{f.document("IT")}).find("/country must be FI") !=
          std::string::npos);
    CHECK(f.error(f.agent("no"), DescribeSite{f.document("IT")}) ==
          "only the agent of an admitted site describes it");
    auto document = f.document("FI");
    document.rules = "rule x";
    CHECK(f.error(f.agent("fi"), DescribeSite{document}).find("fi.rules") != std::string::npos);
    CHECK(f.error(f.alice, SetSiteState{"fi", "draining", ""}).find("only administrators") !=
          std::string::npos);
    f.must(f.agent("fi"), SetSiteState{"fi", "left", "closing"});
    CHECK(f.error(f.agent("fi"), SetSiteState{"fi", "active", ""}).find("has left") != std::string::npos);
    f.must(f.admin, SetSiteState{"fi", "active", ""});
}

TEST_CASE("a federation starts with a sound governance") {
    TestFederation f;
    FederationRecord record = f.core.tables().federation();
    record.governance.needed = 1;
    CHECK(checked_federation(record).error().message.find("signatures are needed of 0 keys") !=
          std::string::npos);
    record.governance.needed = 0;
    record.claw_back.checkpoints_permille = {750, 500};
    CHECK(checked_federation(record).error().message.find("must rise") != std::string::npos);
    record.claw_back = {};
    record.administrators = {};
    CHECK(!checked_federation(record));
}

}  // namespace
}  // namespace euromesh::federation
