#include "federation/core/tiers.hpp"

#include <algorithm>
#include <cmath>

namespace euromesh::federation {
namespace {

constexpr double instant_most_gpu_hours = 50000;
constexpr double instant_most_review_days = 7;
constexpr double all_year = 365;  // cut-offs: at any time

Tier tier_from(const facts::AccessMode& mode) {
    Tier tier;
    tier.id = mode.id;
    tier.name = mode.name;
    if (mode.allocation_max)
        tier.most_mgh = static_cast<std::int64_t>(std::min(1e12, *mode.allocation_max) * 1000);
    tier.review_days = static_cast<std::int64_t>(std::ceil(mode.review_days.value_or(0)));
    tier.months = static_cast<std::int64_t>(mode.allocation_months.value_or(12));
    tier.instant = mode.cutoffs_per_year.value_or(0) >= all_year && mode.allocation_max &&
                   *mode.allocation_max <= instant_most_gpu_hours && mode.review_days &&
                   *mode.review_days <= instant_most_review_days;
    return tier;
}

}  // namespace

std::vector<Tier> tiers_from(const std::vector<facts::AccessMode>& modes) {
    std::vector<Tier> tiers;
    for (const facts::AccessMode& mode : modes)
        if (mode.unit == "GPU h") tiers.push_back(tier_from(mode));
    return tiers;
}

void fill_countries(FederationRecord& federation, const std::vector<facts::Country>& countries) {
    for (const facts::Country& country : countries) {
        if (country.eu27) federation.eu_countries.push_back(country.country);
        if (country.eurohpc_member.value_or(false))
            federation.participating_countries.push_back(country.country);
    }
}

}  // namespace euromesh::federation
