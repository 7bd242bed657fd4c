#include "federation/service/agent_runs.hpp"

#include <algorithm>

#include "base/os/certificate.hpp"
#include "contract/run_placement.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t pem_max_bytes = 64u << 10;
constexpr std::size_t manifests_max_bytes = 1u << 30;
// How long before an allocation ends its trainer is told to leave: for a round that is under way, and for
// the checkpoint; at most a tenth of the whole.
constexpr std::int64_t warn_most_ms = 60'000, warn_part = 10;

bool lies_there(const os::Path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error);
}

bool lies_within(const os::Path& path, const os::Path& folder) {
    std::error_code error;
    const os::Path real = std::filesystem::weakly_canonical(path, error);
    if (error) return false;
    const os::Path root = std::filesystem::weakly_canonical(folder, error);
    if (error) return false;
    const auto [at, rest] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
    return at == root.end() || (at->empty() && std::next(at) == root.end());
}

// Whoever hands in a run must not read the site's keys by it.
Status text_is_there(const contract::RunSpec& spec, const SiteId& site, const os::Path& within) {
    EM_ASSIGN(const std::size_t rank, spec.rank_of(site.text()));
    for (const auto& text : {spec.sites[rank].text, spec.sites[rank].heldout})
        if (!lies_within(text, within))
            return fail(Code::refused, "site {}: texts of runs must lie in {}: {} does not", site.text(),
                        within.string(), text.string());
        else if (!lies_there(text))
            return fail(Code::not_found, "the run's text {} is not at site {}", text.string(), site.text());
    return {};
}

}  // namespace

contract::RunPlacement AgentRuns::placement_of(const StartOrder& order) const {
    const os::Path folder = folder_of(order.job);
    contract::RunPlacement placement;
    placement.run = order.job;
    placement.self = site_.text();
    placement.sites = order.ways;
    placement.quorum = order.quorum;
    placement.start_s = std::max<std::int64_t>(60, order.limit_ms / 1000);
    placement.folder = folder;
    placement.data = train_.data;
    placement.listen = train_.listen;
    placement.towards = train_.towards;
    placement.spool = train_.spool.string();
    placement.via = train_.via;
    placement.interface = train_.interface;
    placement.family = train_.family;
    placement.progress_file = folder / "progress.json";
    placement.peers_file = folder / "peers.json";
    return placement;
}

JobStart AgentRuns::job_of(const StartOrder& order) const {
    JobStart job;
    job.marker = order.claim;
    job.executable = train_.program.string();
    job.arguments = {"train",       contract::run_file_name, "--site",   site_.text(),
                     "--placement", "placement.json",        "--resume", "--device",
                     train_.device};
    if (train_.threads > 0) {
        job.arguments.emplace_back("--threads");
        job.arguments.push_back(std::to_string(train_.threads));
    }
    job.directory = folder_of(order.job).string();
    job.duration_ms = order.limit_ms;
    job.warn_ms = std::min(warn_most_ms, order.limit_ms / warn_part);
    job.resumes = true;
    return job;
}

Status AgentRuns::make_keys(const StartOrder& order, const Certify& certify) const {
    const os::Path pki = folder_of(order.job) / "pki";
    const os::KeyPair pair = os::make_key_pair();
    EM_ASSIGN(const Json made, certify(Json{{"claim", order.claim}, {"public_key", pair.public_key}}));
    EM_ASSIGN(const std::string authority, json_string(made, "authority", "certificate"));
    EM_ASSIGN(const std::string certificate, json_string(made, "certificate", "certificate"));
    if (authority.size() > pem_max_bytes || certificate.size() > pem_max_bytes)
        return fail(Code::corrupted, "the certificate of the coordinator is too long");
    EM_TRY(os::make_folders(pki));
    EM_TRY(os::write_secret_atomically(pki / (site_.text() + ".key"), pair.key));
    EM_TRY(os::write_file_atomically(pki / (site_.text() + ".pem"), certificate));
    return os::write_file_atomically(pki / "ca.pem", authority);
}

Status AgentRuns::fill(const StartOrder& order, const contract::RunPlacement& placement,
                       const Certify& certify) const {
    const os::Path folder = folder_of(order.job);
    EM_TRY(os::make_folders(folder));
    EM_TRY(make_keys(order, certify));
    for (const auto& [name, text] : order.spec.files) EM_TRY(os::write_file_atomically(folder / name, text));
    EM_TRY(os::write_file_atomically(folder / "placement.json", to_json(placement).dump(2)));
    return os::write_file_atomically(folder / "claim", order.claim);
}

Result<JobStart> AgentRuns::prepare(const StartOrder& order, const Certify& certify) const {
    const auto file = order.spec.files.find(contract::run_file_name);
    if (file == order.spec.files.end() || order.ways.empty())
        return fail(Code::bad_input, "the order of a run has no run file, or no sites");
    if (train_.data.empty())
        return fail(Code::refused, "site {} takes no runs: its agent's file has no [train] data",
                    site_.text());
    const contract::RunPlacement placement = placement_of(order);
    EM_ASSIGN(const contract::RunSpec spec, contract::placed_run_spec(file->second, placement));
    EM_TRY(text_is_there(spec, site_, train_.within));
    const auto made_for = os::read_file(folder_of(order.job) / "claim", 256);
    if (!made_for || *made_for != order.claim) EM_TRY(fill(order, placement, certify));
    return job_of(order);
}

std::optional<RunProgress> AgentRuns::progress(const std::string& job) const {
    const auto text = os::read_file(folder_of(job) / "progress.json", run_progress_max_bytes);
    if (!text) return std::nullopt;
    const auto json = parse_json(*text, run_progress_max_bytes);
    if (!json) return std::nullopt;
    auto progress = read_run_progress(*json);
    if (!progress) return std::nullopt;
    return std::move(*progress);
}

Status AgentRuns::write_peers(const std::string& job,
                              const std::map<std::string, std::string>& addresses) const {
    const os::Path file = folder_of(job) / "peers.json";
    const std::string text = contract::peers_json(addresses).dump();
    const auto there = os::read_file(file, contract::run_peers_max_bytes);
    if (there && *there == text) return {};
    return os::write_file_atomically(file, text);
}

AgentRuns::Manifests AgentRuns::manifests(const std::string& job, std::size_t most) const {
    const os::Path file = folder_of(job) / "sites" / site_.text() / "manifests.jsonl";
    Manifests made;
    auto text = os::read_file(file, manifests_max_bytes);
    if (!text) return made;
    made.size = text->size();
    std::size_t begin = text->size() > most ? text->size() - most : 0;
    if (begin > 0) begin = std::min(text->find('\n', begin - 1), text->size() - 1) + 1;
    made.offset = begin;
    made.bytes = text->substr(begin);
    return made;
}

}  // namespace euromesh::federation
