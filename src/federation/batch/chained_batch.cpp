#include "federation/batch/chained_batch.hpp"

#include <algorithm>

#include "base/os/folder.hpp"
#include "federation/batch/chain_record.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t claims_most = 1'000'000;
constexpr std::size_t claim_name_most_bytes = 58;  // with '~' and four digits it is a marker

bool is_final(const Error& error) {
    return error.code != Code::unavailable && error.code != Code::no_space;
}

Status check_claim(const JobStart& job, const ChainPolicy& policy) {
    EM_TRY(check(job));
    if (job.marker.find('~') != std::string::npos || job.marker.size() > claim_name_most_bytes)
        return fail(Code::bad_input, "job {}: a marker of at most {} bytes without '~'", job.marker,
                    claim_name_most_bytes);
    if (!job.after_marker.empty() && job.resumes)
        return fail(Code::bad_input, "job {}: one that resumes starts after no other one", job.marker);
    if (job.resumes || policy.longest_ms == 0 || job.duration_ms <= policy.longest_ms) return {};
    return fail(
        Code::bad_input,
        "job {}: {} ms, and an allocation here lasts {} ms at most: ask for less, or make it one that "
        "resumes",
        job.marker, job.duration_ms, policy.longest_ms);
}

}  // namespace

Result<std::unique_ptr<ChainedBatch>> ChainedBatch::open(const ChainOptions& options, BatchSystem& inner,
                                                         const Clock& clock) {
    EM_TRY(check(options.policy));
    for (const auto& [queue, longest_ms] : options.longest_ms) {
        ChainPolicy policy = options.policy;
        policy.longest_ms = longest_ms;
        if (const Status checked = check(policy); !checked) return fail(checked.error().within(queue));
    }
    if (!options.root.is_absolute())
        return fail(Code::bad_input, "chains: their folder {}: use a whole path", options.root.string());
    EM_TRY(os::make_folders(options.root / "chains"));
    EM_TRY(os::make_folders(options.root / "work"));
    std::unique_ptr<ChainedBatch> made(new ChainedBatch(options, inner, clock));
    EM_TRY(made->read_journal());
    return made;
}

std::int64_t ChainedBatch::now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall()).count();
}

ChainPolicy ChainedBatch::policy_of(const ChainRecord& record) const {
    ChainPolicy policy = options_.policy;
    const auto longest = options_.longest_ms.find(record.job.queue);
    if (longest != options_.longest_ms.end()) policy.longest_ms = longest->second;
    return policy;
}

Status ChainedBatch::read_journal() {
    EM_ASSIGN(const auto files, os::list_files(options_.root, "chains", claims_most));
    for (const os::FolderEntry& file : files) {
        const os::Path path = options_.root / file.name;
        if (path.extension() != ".json") continue;
        EM_ASSIGN(const std::string text, os::read_file(path, chain_record_most_bytes));
        Claim claim;
        EM_ASSIGN(claim.record, decode_chain(text, path.string()));
        if (claim.record.job.marker != path.stem().string())
            return fail(Code::corrupted, "{}: it speaks of another job", path.string());
        claim.links.resize(claim.record.planned_ms.size());
        next_order_ = std::max(next_order_, claim.record.order + 1);
        claims_.emplace(claim.record.job.marker, std::move(claim));
    }
    return {};
}

Status ChainedBatch::write(const ChainRecord& record) {
    return os::write_secret_atomically(file_of(record.job.marker), encode(record));
}

// ---- what is there ---------------------------------------------------------------------------------------

void ChainedBatch::take_in(const std::vector<BatchJob>& jobs) {
    for (auto& [marker, claim] : claims_) claim.links.assign(claim.record.planned_ms.size(), std::nullopt);
    for (const BatchJob& job : jobs) {
        const auto name = parse_link_marker(job.marker);
        if (!name) continue;
        const auto found = claims_.find(name->claim);
        if (found == claims_.end() || name->number > static_cast<int>(found->second.links.size())) continue;
        found->second.links[static_cast<std::size_t>(name->number) - 1] = job;
    }
}

Status ChainedBatch::refresh() {
    EM_ASSIGN(const std::vector<BatchJob> jobs, inner_.list());
    take_in(jobs);
    return {};
}

BatchJob ChainedBatch::told(const Claim& claim) const {
    BatchJob job = claim_of(claim.record, policy_of(claim.record), claim.links, now_ms());
    if (!job.is_over() && !claim.trouble.empty()) job.message = as_message(claim.trouble);
    for (const std::optional<BatchJob>& link : claim.links)
        if (link) job.allocations.push_back(*link);
    return job;
}

Result<std::vector<BatchJob>> ChainedBatch::list() {
    EM_ASSIGN(const std::vector<BatchJob> jobs, inner_.list());
    take_in(jobs);
    std::vector<std::string> forgotten;
    for (auto& [marker, claim] : claims_) {
        if (claim.record.forgetting) forgotten.push_back(marker);
        const Status driven = claim.record.forgetting ? Status{} : drive(claim);
        claim.trouble = driven ? "" : driven.error().message;
    }
    for (const std::string& marker : forgotten) EM_TRY(drop(marker));
    std::vector<BatchJob> told_jobs;
    for (const BatchJob& job : jobs) {
        if (!parse_link_marker(job.marker)) told_jobs.push_back(job);
    }
    std::vector<const Claim*> ordered;
    for (const auto& [marker, claim] : claims_) ordered.push_back(&claim);
    std::sort(ordered.begin(), ordered.end(),
              [](const Claim* a, const Claim* b) { return a->record.order < b->record.order; });
    for (const Claim* claim : ordered) told_jobs.push_back(told(*claim));
    std::stable_sort(told_jobs.begin(), told_jobs.end(),
                     [](const BatchJob& a, const BatchJob& b) { return a.submitted_ms < b.submitted_ms; });
    return told_jobs;
}

// ---- steps -----------------------------------------------------------------------------------------------

Status ChainedBatch::drive(Claim& claim) {
    if (claim.record.end) return {};
    return take(claim, next_step(claim.record, policy_of(claim.record), claim.links, now_ms()));
}

Status ChainedBatch::take(Claim& claim, const ChainStep& step) {
    switch (step.kind) {
        case ChainStep::Kind::wait:
            return {};
        case ChainStep::Kind::plan: {
            ChainRecord planned = claim.record;
            planned.planned_ms.push_back(step.duration_ms);
            EM_TRY(write(planned));
            claim.record = std::move(planned);
            claim.links.emplace_back();
            return submit_last(claim);
        }
        case ChainStep::Kind::submit:
            return submit_last(claim);
        case ChainStep::Kind::cancel:
            return cancel_links(claim);
        case ChainStep::Kind::over:
            return write_end(claim);
    }
    return {};
}

Status ChainedBatch::submit_last(Claim& claim) {
    const int number = static_cast<int>(claim.record.planned_ms.size());
    auto begun = inner_.submit(link_of(claim.record, number));
    if (begun) {
        claim.links.back() = std::move(*begun);
        return {};
    }
    if (!is_final(begun.error())) return fail(std::move(begun).error());
    ChainRecord refused = claim.record;
    refused.refused = as_message(begun.error().message);
    EM_TRY(write(refused));
    claim.record = std::move(refused);
    return {};
}

Status ChainedBatch::cancel_links(Claim& claim) {
    for (const std::optional<BatchJob>& link : claim.links) {
        if (link && !link->is_over()) EM_TRY(inner_.cancel(link->marker));
    }
    return {};
}

Status ChainedBatch::write_end(Claim& claim) {
    ChainRecord ended = claim.record;
    ended.end = claim_of(claim.record, policy_of(claim.record), claim.links, now_ms());
    EM_TRY(write(ended));
    claim.record = std::move(ended);
    return {};
}

// ---- what the agent asks for -----------------------------------------------------------------------------

Result<BatchJob> ChainedBatch::submit(const JobStart& job) {
    ChainRecord record{.job = job};
    EM_TRY(check_claim(job, policy_of(record)));
    if (const auto found = claims_.find(job.marker); found != claims_.end()) {
        if (found->second.record.forgetting)
            return fail(Code::conflict, "job {}: it was here and is forgotten: use a new marker", job.marker);
        EM_TRY(refresh());
        return told(found->second);
    }
    if (!job.resumes) return inner_.submit(job);
    if (claims_.size() >= claims_most)
        return fail(Code::unavailable, "{} jobs are here already", claims_most);
    return begin(job);
}

// What the inner system may have taken stays; what it never will leaves nothing.
Result<BatchJob> ChainedBatch::begin(const JobStart& job) {
    Claim claim;
    claim.record = {.job = job, .order = next_order_, .submitted_ms = now_ms()};
    if (job.directory.empty()) {
        claim.record.job.directory = directory_of(job.marker).string();
        EM_TRY(os::make_folders(directory_of(job.marker)));
    }
    const ChainStep first = next_step(claim.record, policy_of(claim.record), {}, now_ms());
    claim.record.planned_ms.push_back(first.duration_ms);
    EM_TRY(write(claim.record));
    auto begun = inner_.submit(link_of(claim.record, 1));
    if (!begun && is_final(begun.error())) {
        std::error_code error;
        std::filesystem::remove_all(directory_of(job.marker), error);
        EM_TRY(os::remove_file(file_of(job.marker)));
        return fail(std::move(begun).error());
    }
    ++next_order_;
    claim.links.emplace_back();
    if (begun) claim.links.back() = *begun;
    const Claim& kept = claims_.emplace(job.marker, std::move(claim)).first->second;
    if (!begun) return fail(std::move(begun).error());
    return told(kept);
}

Status ChainedBatch::cancel(const std::string& marker) {
    const auto found = claims_.find(marker);
    if (found == claims_.end()) {
        if (parse_link_marker(marker)) return fail(Code::not_found, "there is no job {} here", marker);
        return inner_.cancel(marker);
    }
    Claim& claim = found->second;
    EM_TRY(refresh());
    if (told(claim).is_over() || claim.record.cancelled) return cancel_links(claim);
    ChainRecord cancelled = claim.record;
    cancelled.cancelled = true;
    EM_TRY(write(cancelled));
    claim.record = std::move(cancelled);
    return cancel_links(claim);
}

Result<OutputPart> ChainedBatch::output(const std::string& marker, JobStream stream, std::uint64_t offset,
                                        std::size_t most) {
    const auto found = claims_.find(marker);
    if (found == claims_.end()) {
        if (parse_link_marker(marker)) return fail(Code::not_found, "there is no job {} here", marker);
        return inner_.output(marker, stream, offset, most);
    }
    OutputPart whole;
    for (std::size_t i = 0; i < found->second.record.planned_ms.size(); ++i) {
        const std::uint64_t begin = whole.size;
        const std::uint64_t from = offset > begin ? offset - begin : 0;
        const std::size_t room = most - std::min(most, whole.bytes.size());
        const auto part = inner_.output(link_marker(marker, static_cast<int>(i) + 1), stream, from, room);
        // Planned, and not there yet.
        if (!part && part.error().code == Code::not_found) continue;
        if (!part) return fail(part.error());
        whole.size += part->size;
        whole.dropped += part->dropped;
        whole.bytes += part->bytes;
    }
    return whole;
}

Status ChainedBatch::forget(const std::string& marker) {
    const auto found = claims_.find(marker);
    if (found == claims_.end()) return parse_link_marker(marker) ? Status{} : inner_.forget(marker);
    Claim& claim = found->second;
    EM_TRY(refresh());
    if (const BatchJob job = told(claim); !job.is_over())
        return fail(Code::conflict, "job {} is {}: cancel it first", marker, name_of(job.state));
    ChainRecord forgetting = claim.record;
    forgetting.forgetting = true;
    EM_TRY(write(forgetting));
    claim.record = std::move(forgetting);
    return drop(marker);
}

// The inner system goes on to know the markers of its links, so that no chain begins anew.
Status ChainedBatch::drop(const std::string& marker) {
    const Claim& claim = claims_.at(marker);
    for (std::size_t i = 0; i < claim.record.planned_ms.size(); ++i)
        EM_TRY(inner_.forget(link_marker(marker, static_cast<int>(i) + 1)));
    std::error_code error;
    std::filesystem::remove_all(directory_of(marker), error);
    EM_TRY(os::remove_file(file_of(marker)));
    claims_.erase(marker);
    return {};
}

}  // namespace euromesh::federation
