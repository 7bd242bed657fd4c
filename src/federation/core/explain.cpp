#include "federation/core/explain.hpp"

#include <algorithm>

#include "federation/core/round.hpp"

namespace euromesh::federation {
namespace {

// Of each site the chosen row, else the best that was not rejected, else the first.
std::vector<ExplanationRow> best_rows(const std::vector<ExplanationRow>& rows) {
    const auto better = [](const ExplanationRow& a, const ExplanationRow& b) {
        if (a.chosen != b.chosen) return a.chosen;
        if (a.rejected_by.has_value() != b.rejected_by.has_value()) return !a.rejected_by.has_value();
        return !a.rejected_by.has_value() && a.score_ms < b.score_ms;
    };
    std::vector<ExplanationRow> best;
    for (const ExplanationRow& row : rows) {
        if (best.empty() || best.back().site != row.site)
            best.push_back(row);
        else if (better(row, best.back()))
            best.back() = row;
    }
    return best;
}

}  // namespace

Result<Json> decision_table(const PlacementExplainer& explainer, const std::string& job,
                            const PlannedWorkload* planned, std::size_t most_bytes) {
    EM_ASSIGN(const auto rows, explainer.explain(job, planned));
    Json table = to_json(rows);
    if (table.dump().size() <= most_bytes) return table;
    auto best = best_rows(rows);
    const auto fits = static_cast<std::size_t>(most_bytes / 2048);
    if (best.size() > fits) {
        std::stable_sort(best.begin(), best.end(), [](auto& a, auto& b) { return a.chosen > b.chosen; });
        best.resize(fits);
    }
    table = to_json(best);
    table.push_back(Json{{"left_out", rows.size() - best.size()}});
    return table;
}

Result<Json> dry_run(const Tables& tables, const LawBook& law, const std::string& id, std::int64_t now_ms) {
    const JobRecord* job = tables.job(id);
    if (job == nullptr) return fail(Code::not_found, "job '{}': there is none", id.substr(0, 64));
    RoundBuilder builder(tables, law, std::max(now_ms, tables.time_ms()));
    builder.add(*job);
    EM_TRY(check(builder.round()));
    EM_ASSIGN(Json table, decision_table(PlacementExplainer(builder.round()), id, nullptr, 4u << 20));
    tell_forbidden(table, builder.forbidden_pairs(id));
    return table;
}

void tell_forbidden(Json& table, const std::vector<ForbiddenPair>& pairs) {
    constexpr std::size_t most_told = 8;
    for (Json& row : table) {
        const auto site = row.find("site");
        if (site == row.end()) continue;
        Json told = Json::array();
        for (const ForbiddenPair& pair : pairs) {
            if (told.size() >= most_told || (pair.from != *site && pair.to != *site)) continue;
            told.push_back(Json{{"with", pair.from == *site ? pair.to : pair.from}, {"rule", pair.rule}});
        }
        if (!told.empty()) row["no_exchange"] = std::move(told);
    }
}

}  // namespace euromesh::federation
