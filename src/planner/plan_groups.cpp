#include "planner/plan_groups.hpp"

#include <algorithm>

namespace euromesh::planner {
namespace {

struct GroupRule {
    const char* id;
    const char* label;
    std::vector<std::string_view> prefixes;
};

const std::vector<GroupRule>& rules() {
    static const std::vector<GroupRule> list = {
        {"europe", "common to all of Europe", {"europe"}},
        {"countries", "common to a country", {"country "}},
        {"coordination", "until the first allocation", {"coordination_days"}},
        {"mfu", "MFU by accelerator", {"mfu.", "software"}},
        {"dates", "announced dates and slips", {"online."}},
        {"access", "queues and maintenance", {"availability."}},
        {"network", "network and stragglers", {"efficiency.wan", "efficiency.round", "efficiency.straggler"}},
        {"convergence", "convergence penalty", {"efficiency.penalty"}},
        {"counts", "counts of grade C", {"count."}},
        {"prices", "prices, power and carbon", {""}},
    };
    return list;
}

bool matches(const GroupRule& rule, std::string_view id) {
    return std::any_of(rule.prefixes.begin(), rule.prefixes.end(),
                       [&](std::string_view prefix) { return id.substr(0, prefix.size()) == prefix; });
}

}  // namespace

std::vector<FactorGroup> plan_groups(const Sampler& sampler) {
    std::vector<FactorGroup> groups;
    for (const GroupRule& rule : rules()) groups.push_back({rule.id, rule.label, {}});
    for (std::size_t factor = 0; factor < sampler.factors(); ++factor) {
        const std::string& id = sampler.factor_list()[factor].id;
        const auto rule =
            std::find_if(rules().begin(), rules().end(), [&](const GroupRule& r) { return matches(r, id); });
        groups[static_cast<std::size_t>(rule - rules().begin())].factors.push_back(factor);
    }
    std::erase_if(groups, [](const FactorGroup& group) { return group.factors.empty(); });
    return groups;
}

}  // namespace euromesh::planner
