#include "apps/verify/report.hpp"

#include <doctest/doctest.h>

#include "base/json.hpp"

namespace euromesh::verify {
namespace {

Findings good() {
    Findings findings;
    findings.origin = "o";
    findings.entries = 7;
    findings.heads = 2;
    Note head;
    head.size = 7;
    head.sites = {{"a", {}, 5, {}}, {"b", {}, 6, {}}};
    findings.last_head = head;
    return findings;
}

TEST_CASE("an export that holds is told with what the answer rests on") {
    const std::string bare = as_text(good(), {});
    CHECK(bare.find("HOLDS: 7 entries and 2 heads of 'o'\n") == 0);
    CHECK(bare.find("countersigned by a, b") != std::string::npos);
    for (const char* option : {"--keys", "--needs", "--head"}) CHECK(bare.find(option) != std::string::npos);
    Findings findings = good();
    findings.trusted_met = 1;
    const std::string full = as_text(findings, {2, true, 1});
    CHECK(full.find("--") == std::string::npos);
    CHECK(full.find("contains all 1 trusted heads") != std::string::npos);
}

TEST_CASE("a difference is told with its place, as text and as JSON, whatever its bytes") {
    Findings findings = good();
    findings.first = Difference{{3, 9, 100}, "entry 3: \xff"};
    CHECK(as_text(findings, {}).find("DIFFERS at line 9, byte 100: entry 3") == 0);
    const auto json = parse_json(as_json(findings, {}));
    REQUIRE(json);
    CHECK((*json)["verdict"] == "differs");
    CHECK((*json)["first_difference"]["entry"] == 3);
    CHECK((*json)["first_difference"]["line"] == 9);
    CHECK((*json)["first_difference"]["byte"] == 100);
    const auto holds = parse_json(as_json(good(), {}));
    CHECK((*holds)["verdict"] == "holds");
    CHECK((*holds)["last_head"]["countersigned"].size() == 2);
    CHECK_FALSE(holds->contains("first_difference"));
}

TEST_CASE("a comparison says where two exports part, or which goes on") {
    Comparison found;
    found.same = 6;
    CHECK(as_text(found) == "SAME: 6 entries\n");
    found.against_is_longer = true;
    CHECK(as_text(found) == "SAME: 6 entries; the second goes on\n");
    found.first = Parting{{6, 20, 300}, {6, 21, 310}, "entry 6 is not the same"};
    CHECK(as_text(found).starts_with("PARTS at line 20, byte 300 (against: line 21, byte 310): entry 6"));
    const Json json = parse_json(as_json(found)).value();
    CHECK(json["verdict"] == "parts");
    CHECK(json["first_difference"]["against_byte"] == 310);
}

}  // namespace
}  // namespace euromesh::verify
