#include "federation/service/explanation_document.hpp"

#include <charconv>
#include <set>

#include "base/base64.hpp"
#include "federation/core/explain.hpp"
#include "federation/service/visibility.hpp"

namespace euromesh::federation {
namespace {

// Claims are named after the entry that made them: "c20-0" is of entry 20.
std::optional<std::uint64_t> entry_of(const std::string& claim) {
    std::uint64_t entry = 0;
    const char* begin = claim.data() + 1;
    const bool fits =
        claim.size() > 1 && std::from_chars(begin, claim.data() + claim.size(), entry).ptr != begin;
    return fits ? std::optional(entry) : std::nullopt;
}

const SignedHead* head_with(const std::vector<SignedHead>& heads, std::uint64_t entry) {
    return heads.empty() || heads.back().head.size <= entry ? nullptr : &heads.back();
}

// Null while no head holds the entry, which takes about a second.
Result<Json> proof_of(const Coordinator& coordinator, std::uint64_t entry) {
    const std::vector<SignedHead> heads = coordinator.heads();
    const SignedHead* head = head_with(heads, entry);
    if (head == nullptr) return Json(nullptr);
    EM_ASSIGN(const Proof proof, coordinator.inclusion_proof(entry, head->head.size));
    Json hashes = Json::array();
    for (const NodeHash& hash : proof) hashes.push_back(to_base64(std::span(hash)));
    return Json{
        {"index", entry}, {"size", head->head.size}, {"hashes", std::move(hashes)}, {"head", encode(*head)}};
}

Result<Json> decision_of(const Coordinator& coordinator, std::uint64_t entry) {
    EM_ASSIGN(const std::vector<std::string> entries, coordinator.entries(entry, 1));
    if (entries.empty()) return fail(Code::unavailable, "entry {} is not durable yet", entry);
    EM_ASSIGN(const Json event, parse_json(entries[0]));
    EM_ASSIGN(Json proof, proof_of(coordinator, entry));
    return Json{{"entry", entry},
                {"at", event.value("time", Json())},
                {"decision", event.value("data", Json())},
                {"text", entries[0]},
                {"proof", std::move(proof)}};
}

}  // namespace

Result<Json> explanation_document(const Coordinator& coordinator, const Actor& actor, const std::string& id) {
    struct Seen {
        JobRecord job;
        Json now = nullptr;
    };
    EM_ASSIGN(const Seen found, coordinator.read([&](const Core& core) -> Result<Seen> {
        EM_ASSIGN(const JobRecord* job, visible_job(core.tables(), actor, id));
        Seen made{*job, nullptr};
        if (job->state == "waiting") {
            EM_ASSIGN(made.now, dry_run(core.tables(), core.law(), id, coordinator.now_ms()));
        }
        return made;
    }));
    const JobRecord& job = found.job;
    std::set<std::uint64_t> entries;
    for (const std::string& claim : job.claims) {
        if (const auto entry = entry_of(claim)) entries.insert(*entry);
    }
    Json decisions = Json::array();
    for (const std::uint64_t entry : entries) {
        EM_ASSIGN(Json decision, decision_of(coordinator, entry));
        decisions.push_back(std::move(decision));
    }
    Json document = {{"job", job.id}, {"state", job.state}, {"words", job.words}};
    if (!found.now.is_null()) document["now"] = found.now;
    document["decisions"] = std::move(decisions);
    for (const Refusal& refusal : job.refusals)
        document["refusals"].push_back(Json{{"site", refusal.site}, {"words", refusal.words}});
    return document;
}

}  // namespace euromesh::federation
