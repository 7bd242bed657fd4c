// How many decisions a second one core makes.
//
//   bench_rules [SECONDS]
//
// A decision is decide() over the whole set: every rule about the action is evaluated, the answer with its
// deciding rules is made. CPU time, since others share the machine. Two sets: the rules in the program, and
// twenty random ones about one action, with conditions of about six tests each.
#include <fmt/core.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/os/system_clock.hpp"
#include "federation/rules/dialect.hpp"
#include "federation/rules/random_rules.hpp"
#include "federation/rules/shipped.hpp"

using namespace euromesh;
using namespace euromesh::federation;

namespace {

std::shared_ptr<const RuleSet> twenty_about_placing() {
    RandomRules random(1);
    std::string text;
    int made = 0;
    while (made < 20) {
        RuleSyntax rule = random.rule("r" + std::to_string(made));
        if (rule.actions.size() != 1 || rule.actions[0].text != "place") continue;
        text += to_rule_text(rule);
        ++made;
    }
    auto set = RuleSet::compile("federation", {{"random", text}});
    EM_ASSERT(set, "random rules compile");
    return *set;
}

std::vector<RuleRequestDocument> requests_to_place() {
    RandomRules random(2);
    std::vector<RuleRequestDocument> documents;
    while (documents.size() < 256) {
        RuleRequestDocument document = random.request();
        if (document.request().action() == RuleAction::place) documents.push_back(std::move(document));
    }
    return documents;
}

void measure(const char* name, const RuleSet& set, double seconds) {
    const auto documents = requests_to_place();
    std::vector<RuleRequest> requests;
    for (const RuleRequestDocument& document : documents) requests.push_back(document.request());
    std::size_t tests = 0;
    for (const std::size_t rule : set.about(RuleAction::place)) tests += set.program(rule).test_count();
    std::size_t decisions = 0;
    std::size_t allowed = 0;
    const Nanoseconds begin = os::process_cpu_time();
    double spent = 0;
    while (spent < seconds) {
        for (const RuleRequest& request : requests) allowed += decide(set, {}, request).allowed ? 1 : 0;
        decisions += requests.size();
        spent = to_seconds(os::process_cpu_time() - begin);
    }
    fmt::print(
        "{:<24} {:>3} rules about it, {:>4} tests  {:>6.2f} million decisions/s  ({} of 256 allowed)\n", name,
        set.about(RuleAction::place).size(), tests, static_cast<double>(decisions) / spent * 1e-6,
        allowed * 256 / decisions);
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
    measure("rules in the program", *shipped_rule_set(), seconds);
    measure("twenty random rules", *twenty_about_placing(), seconds);
}
