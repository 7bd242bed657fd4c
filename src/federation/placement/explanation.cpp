#include "federation/placement/explanation.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

const PlannedClaim* claim_at(const PlannedWorkload* planned, const IndexedPartition& at) {
    if (planned == nullptr) return nullptr;
    for (const PlannedClaim& claim : planned->claims) {
        if (claim.site == at.site->id && claim.partition == at.partition->id) return &claim;
    }
    return nullptr;
}

// The first start with room for it in what is predicted to be free.
std::optional<std::int64_t> earliest_start(const RoundIndex& index, const IndexedPartition& at,
                                           const Judgement& judgement) {
    for (std::size_t slot = 0; slot < at.slots.size(); ++slot) {
        if (index.clear(at, slot, judgement.run_ms) &&
            at.slots.fits(slot, judgement.run_ms, judgement.gpus)) {
            return index.start_ms(at, slot);
        }
    }
    return std::nullopt;
}

void add_terms(const RoundIndex& index, const WorkloadFacts& facts, const IndexedPartition& at,
               ExplanationRow& row) {
    const SiteFacts& site = facts.sites[at.site_number];
    const ScoreTerms terms =
        score_terms_of(index.round().policy, *at.partition,
                       {row.run_ms, site.transfer_ms, site.share_debt_permille, site.preference_rank},
                       index.round().now_ms, row.start_ms, facts.workload->deadline_ms);
    row.terms.assign(terms.begin(), terms.end());
    row.score_ms = score_of(terms);
}

ExplanationRow row_of(const RoundIndex& index, const WorkloadFacts& facts, const IndexedPartition& at,
                      const PlannedWorkload* planned) {
    ExplanationRow row{.site = at.site->id, .partition = at.partition->id};
    const Judgement judgement = index.judge(facts, at);
    if (judgement.rejected) {
        row.rejected_by = judgement.rejected;
        row.rule = rejection_text(facts, at, judgement);
        return row;
    }
    const PlannedClaim* claim = claim_at(planned, at);
    row.chosen = claim != nullptr;
    row.run_ms = judgement.run_ms;
    const auto start = claim != nullptr ? claim->start_ms : earliest_start(index, at, judgement);
    if (!start) {
        row.rule = fmt::format("no room for {} GPUs in what is predicted to be free", judgement.gpus);
        return row;
    }
    row.start_ms = *start;
    row.start_p90_ms = *start + at.partition->queue.p90_ms - at.partition->queue.median_ms;
    add_terms(index, facts, at, row);
    return row;
}

Json to_json(const ExplanationRow& row) {
    Json json{{"site", row.site}, {"partition", row.partition}};
    if (row.rejected_by) json["rejected_by"] = name_of(*row.rejected_by);
    if (!row.rule.empty()) json["rule"] = row.rule;
    if (row.terms.empty()) return json;
    json["start_ms"] = row.start_ms;
    json["start_p90_ms"] = row.start_p90_ms;
    json["run_ms"] = row.run_ms;
    Json terms = Json::array();
    for (const ScoreTerm& term : row.terms) {
        terms.push_back({{"term", name_of(term.term)},
                         {"value", term.value},
                         {"weight_micro", term.weight_micro},
                         {"cost_ms", term.cost_ms}});
    }
    json["terms"] = std::move(terms);
    json["score_ms"] = row.score_ms;
    json["chosen"] = row.chosen;
    return json;
}

}  // namespace

Result<std::vector<ExplanationRow>> PlacementExplainer::explain(std::string_view workload,
                                                                const PlannedWorkload* planned) const {
    const auto& workloads = index_.workloads();
    const auto found = std::lower_bound(workloads.begin(), workloads.end(), workload,
                                        [](const Workload* a, std::string_view id) { return a->id < id; });
    if (found == workloads.end() || (*found)->id != workload) {
        return fail(Code::not_found, "workload '{}' is not in this round", workload.substr(0, 80));
    }
    const WorkloadFacts facts = index_.facts_of(**found);
    std::vector<ExplanationRow> rows;
    for (const IndexedPartition& at : index_.partitions()) rows.push_back(row_of(index_, facts, at, planned));
    return rows;
}

Result<std::vector<ExplanationRow>> explain_placement(const PlacementRound& round, std::string_view workload,
                                                      const PlannedWorkload* planned) {
    EM_TRY(check(round));
    return PlacementExplainer(round).explain(workload, planned);
}

Json to_json(const std::vector<ExplanationRow>& rows) {
    Json json = Json::array();
    for (const ExplanationRow& row : rows) json.push_back(to_json(row));
    return json;
}

}  // namespace euromesh::federation
