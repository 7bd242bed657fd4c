#include "federation/rules/program.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

bool holds(const PlainRecords& records, const std::string& condition) {
    const auto set = rules_of(rule_text("r", "permit place when " + condition));
    return set->program(0).holds(records.request(RuleAction::place), 0);
}

PlainRecords some() {
    PlainRecords records;
    records.site = plain_record(RecordKind::site, {{"id", "lumi"},
                                                   {"country", "FI"},
                                                   {"eu", true},
                                                   {"labels", std::vector<std::string>{"gpu", "quiet"}}});
    records.workload = plain_record(RecordKind::workload, {{"gpus", std::int64_t{8}}});
    return records;
}

TEST_CASE("comparisons") {
    const PlainRecords records = some();
    CHECK(holds(records, "site.country == \"FI\""));
    CHECK(!holds(records, "site.country != \"FI\""));
    CHECK(holds(records, "site.country != project.country"));
    CHECK(holds(records,
                "workload.gpus >= 8 and workload.gpus <= 8 and workload.gpus > 7 and workload.gpus < 9"));
    CHECK(!holds(records, "workload.gpus > 8 or workload.gpus < 8"));
    CHECK(holds(records, "workload.gpus > -9223372036854775808"));
    CHECK(holds(records, "site.eu == true"));
    CHECK(holds(records, "site.eu != project.eu"));
}

TEST_CASE("sets") {
    const PlainRecords records = some();
    CHECK(holds(records, "\"gpu\" in site.labels"));
    CHECK(!holds(records, "\"cpu\" in site.labels"));
    CHECK(holds(records, "site.country in [\"SE\", \"FI\"]"));
    CHECK(!holds(records, "site.country in []"));
    CHECK(holds(records, "site.labels overlaps [\"quiet\", \"loud\"]"));
    CHECK(!holds(records, "site.labels overlaps [\"loud\", \"a\", \"z\"]"));
    CHECK(!holds(records, "site.labels overlaps []"));
    CHECK(holds(records, "[\"quiet\"] within site.labels"));
    CHECK(holds(records, "[] within site.labels"));
    CHECK(!holds(records, "site.labels within [\"quiet\"]"));
    CHECK(holds(records, "site.labels == [\"quiet\", \"gpu\", \"quiet\"]"));
}

TEST_CASE("logic") {
    const PlainRecords records = some();
    CHECK(holds(records, "true"));
    CHECK(!holds(records, "false"));
    CHECK(!holds(records, "not site.eu"));
    CHECK(holds(records, "not (site.eu and project.eu)"));
    CHECK(holds(records, "project.eu or site.eu and workload.gpus == 8"));
    CHECK(!holds(records, "(project.eu or site.eu) and workload.gpus == 9"));
    CHECK(!holds(records, "site.eu unless workload.gpus == 8"));
    CHECK(holds(records, "site.eu unless workload.gpus == 9"));
    CHECK(!holds(records, "project.eu unless workload.gpus == 9"));
}

TEST_CASE("an absent attribute is asked for and never read") {
    PlainRecords records = some();
    const std::string condition = "data has country and data.country == site.country";
    CHECK(!holds(records, condition));
    records.data = {plain_record(RecordKind::data, {{"country", "FI"}})};
    CHECK(holds(records, condition));
    CHECK(!holds(records, "not data has country"));
}

TEST_CASE("what was looked at, each once, and only as far as was needed") {
    const PlainRecords records = some();
    const auto set = rules_of(rule_text("r",
                                        "permit place when site.eu and site.country != project.country and "
                                        "site.country == \"SE\" and workload.gpus == 8"));
    std::vector<RuleProgram::Look> looks;
    CHECK(!set->program(0).holds(records.request(RuleAction::place), 0, &looks));
    REQUIRE(looks.size() == 3);
    CHECK(looks[1].subject == RuleSubject::site);
    CHECK(looks[2].subject == RuleSubject::project);
    CHECK(set->program(0).test_count() == 4);
    CHECK(!set->program(0).depends_on_data());
}

}  // namespace
}  // namespace euromesh::federation
