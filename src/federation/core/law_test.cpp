#include "federation/core/law.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("membership by account counts like a group, and administrators have offices") {
    TestFederation f;
    ProjectRecord project = *f.core.tables().project("p1");
    project.members = {f.bob.account};
    CHECK(is_member(project, f.bob));
    const auto has = [](const RuleRecord& record, const char* attribute, const std::string& word) {
        const auto at = rule_attribute(record.kind(), attribute);
        const auto& list = std::get<std::vector<std::string>>(record.value(*at));
        return std::find(list.begin(), list.end(), word) != list.end();
    };
    CHECK(has(f.core.law().person(f.core.tables(), f.bob, &project), "groups", "member-of:p1"));
    CHECK(!has(f.core.law().person(f.core.tables(), f.bob, nullptr), "groups", "member-of:p1"));
    CHECK(has(f.core.law().person(f.core.tables(), f.admin, nullptr), "roles", "board"));
    CHECK(!has(f.core.law().person(f.core.tables(), f.bob, nullptr), "roles", "board"));
}

TEST_CASE("a site's own rules narrow, and the answer names the rule and whose it is") {
    TestFederation f;
    auto document = f.document("FI");
    document.rules = "rule no-night\n  \"Not here\"\n  source \"site\"\nforbid place;\n";
    f.must(f.agent("fi"), DescribeSite{document});
    const Tables& tables = f.core.tables();
    const RuleRecord person = f.core.law().person(tables, f.alice, nullptr);
    const RuleRecord project = f.core.law().project(tables, *tables.project("p1"), "small", "ju", 5);
    const RuleRecord site = f.core.law().site(tables, *tables.site("fi"));
    const RuleRecord workload = f.core.law().workload(f.spec(), "small", false);
    const RuleRecord context = f.core.law().context(tables, f.now_ms, "ju");
    RuleSubjects subjects;
    subjects.person = &person;
    subjects.project = &project;
    subjects.site = &site;
    subjects.workload = &workload;
    subjects.context = &context;
    CHECK(f.core.law().ask(RuleAction::place, subjects).allowed);
    const LawAnswer answer = f.core.law().ask(RuleAction::place, subjects, {"fi"});
    CHECK(answer.words() == "refused by no-night (fi): Not here");
}

}  // namespace
}  // namespace euromesh::federation
