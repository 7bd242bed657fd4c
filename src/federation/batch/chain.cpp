#include "federation/batch/chain.hpp"

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

// What the end of a claim is read from.
struct Verdict {
    int number = 0;  // of the link that decided; 0: none did
    BatchState state = BatchState::ended;
    EndCause cause = EndCause::none;
    std::string words{};
};

bool is_live(const std::optional<BatchJob>& link) {
    return link && !link->is_over();
}

// A lost link has no usage that anybody measured; its time is gone all the same.
std::int64_t ran_ms(const BatchJob& link) {
    if (link.started_ms == 0) return 0;
    return std::max({link.usage.wall_ms, link.ended_ms - link.started_ms, std::int64_t{0}});
}

bool goes_on(const BatchJob& link) {
    if (link.state == BatchState::lost || link.state == BatchState::cancelled) return true;
    if (link.cause == EndCause::time_limit || link.cause == EndCause::interrupted) return true;
    return link.cause == EndCause::exit && link.exit_status == exit_go_on;
}

bool is_strike(const BatchJob& link, std::int64_t planned_ms, const ChainPolicy& policy) {
    return link.state == BatchState::cancelled || ran_ms(link) < std::min(policy.at_once_ms, planned_ms / 4);
}

struct Chain {
    const ChainRecord& record;
    const ChainPolicy& policy;
    const ChainLinks& links;

    int count() const { return static_cast<int>(links.size()); }
    bool any_live() const { return std::any_of(links.begin(), links.end(), is_live); }
    // In a row, up to the last of the first `most` links that is over.
    int strikes(std::size_t most) const;
    std::int64_t left_ms() const;
    std::int64_t least_ms() const { return std::max<std::int64_t>(policy.least_ms, 1); }
    std::int64_t next_ms() const {
        return policy.longest_ms > 0 ? std::min(policy.longest_ms, left_ms()) : left_ms();
    }
    std::optional<Verdict> verdict_of_links() const;
    std::optional<Verdict> verdict() const;
};

int Chain::strikes(std::size_t most) const {
    int found = 0;
    for (std::size_t i = 0; i < most; ++i) {
        // One that this side cancelled says nothing about the site.
        const bool counts = links[i] && links[i]->is_over() &&
                            !(record.cancelled && links[i]->state == BatchState::cancelled);
        if (counts) found = is_strike(*links[i], record.planned_ms[i], policy) ? found + 1 : 0;
    }
    return found;
}

// Of the job's time when all links that are planned have used theirs.
std::int64_t Chain::left_ms() const {
    std::int64_t left = record.job.duration_ms;
    for (std::size_t i = 0; i < links.size(); ++i) {
        const bool is_over = links[i] && links[i]->is_over();
        left -= is_over ? ran_ms(*links[i]) : record.planned_ms[i];
    }
    return left;
}

std::optional<Verdict> Chain::verdict_of_links() const {
    for (std::size_t i = 0; i < links.size(); ++i) {
        if (!links[i] || !links[i]->is_over()) continue;
        const BatchJob& link = *links[i];
        const int number = static_cast<int>(i) + 1;
        if (!goes_on(link)) return Verdict{number, link.state, link.cause, link.message};
        const int in_a_row = strikes(i + 1);
        if (in_a_row < policy.strikes_most) continue;
        return Verdict{number, link.state, link.cause,
                       fmt::format("{} allocations in a row came to nothing; the last one: {}", in_a_row,
                                   link.message.empty() ? std::string(name_of(link.cause)) : link.message)};
    }
    return std::nullopt;
}

// Nothing: it goes on, or waits for links that are not over.
std::optional<Verdict> Chain::verdict() const {
    if (any_live()) return std::nullopt;
    if (auto found = verdict_of_links()) return found;
    const bool last_is_there = !links.empty() && links.back();
    if (record.cancelled)
        return Verdict{last_is_there ? count() : 0, BatchState::cancelled, EndCause::cancelled, ""};
    if (!record.refused.empty()) return Verdict{0, BatchState::ended, EndCause::not_started, record.refused};
    if (!last_is_there || (left_ms() >= least_ms() && count() < links_most)) return std::nullopt;
    return Verdict{count(), BatchState::ended, EndCause::time_limit, links.back()->message};
}

ChainStep plan(std::int64_t duration_ms) {
    return {ChainStep::Kind::plan, duration_ms};
}

// While the last link waits or runs.
ChainStep step_ahead(const Chain& chain, const BatchJob& last, std::int64_t now_ms) {
    const std::int64_t planned = chain.record.planned_ms.back();
    const std::int64_t lead = chain.policy.lead_ms < 0 ? planned / 2 : chain.policy.lead_ms;
    const bool is_time = last.state == BatchState::running && now_ms >= last.started_ms + planned - lead;
    const bool is_worth_it = chain.left_ms() >= chain.least_ms();
    if (!is_time || !is_worth_it || chain.count() == links_most) return {};
    return plan(chain.next_ms());
}

ChainStep step_after(const Chain& chain, const BatchJob& last, std::int64_t now_ms) {
    const int strikes = chain.strikes(chain.links.size());
    const std::int64_t pause = strikes > 0 ? chain.policy.pause_ms << std::min(strikes - 1, 20) : 0;
    if (now_ms < last.ended_ms + pause) return {};
    return plan(chain.next_ms());
}

struct Gaps {
    int allocations = 0;
    std::int64_t waited_ms = 0;  // from the end of one to the start of the next
};

Gaps gaps_of(const ChainLinks& links) {
    Gaps gaps;
    std::int64_t last_end = 0;
    for (const std::optional<BatchJob>& link : links) {
        if (!link || link->started_ms == 0) continue;
        if (last_end > 0) gaps.waited_ms += std::max<std::int64_t>(0, link->started_ms - last_end);
        last_end = link->ended_ms;
        ++gaps.allocations;
    }
    return gaps;
}

BatchJob sum_of(const ChainRecord& record, const ChainLinks& links) {
    BatchJob claim;
    claim.marker = record.job.marker;
    claim.submitted_ms = record.submitted_ms;
    for (const std::optional<BatchJob>& link : links) {
        if (!link) continue;
        claim.native_id = link->native_id;
        claim.message = link->message;
        if (claim.started_ms == 0) claim.started_ms = link->started_ms;
        claim.ended_ms = std::max(claim.ended_ms, link->ended_ms);
        claim.usage.wall_ms += link->usage.wall_ms;
        claim.usage.cpu_ms += link->usage.cpu_ms;
        claim.usage.gpus = std::max(claim.usage.gpus, link->usage.gpus);
    }
    return claim;
}

// Usage and end are known when it is over, and the state never goes back.
BatchJob as_live(BatchJob claim, const Chain& chain) {
    claim.state = claim.started_ms > 0 ? BatchState::running : BatchState::queued;
    claim.ended_ms = 0;
    claim.usage = {};
    const auto is_running = [](const auto& link) { return link && link->state == BatchState::running; };
    if (claim.state == BatchState::running &&
        std::none_of(chain.links.begin(), chain.links.end(), is_running)) {
        const std::string why = claim.message.empty() ? "" : ": " + claim.message;
        claim.message = as_message(fmt::format("waits for its next allocation{}", why));
    }
    return claim;
}

}  // namespace

Status check(const ChainPolicy& policy) {
    if (policy.longest_ms < 0 || policy.longest_ms > job_duration_most_ms)
        return fail(Code::bad_input, "allocations of {} ms: 1 ms to {} days, or 0 for as long as a job",
                    policy.longest_ms, job_duration_most_ms / day_ms);
    if (policy.lead_ms > job_duration_most_ms || policy.least_ms < 0 || policy.at_once_ms < 0)
        return fail(Code::bad_input, "a lead of {} ms, a rest of {} ms, {} ms for at once: 0 or more",
                    policy.lead_ms, policy.least_ms, policy.at_once_ms);
    if (policy.strikes_most >= 1 && policy.pause_ms >= 0 && policy.pause_ms <= day_ms) return {};
    return fail(Code::bad_input, "{} strikes with a pause of {} ms: 1 or more, and up to a day",
                policy.strikes_most, policy.pause_ms);
}

ChainStep next_step(const ChainRecord& record, const ChainPolicy& policy, const ChainLinks& links,
                    std::int64_t now_ms) {
    EM_ASSERT(links.size() == record.planned_ms.size(), "a place for each planned link");
    const Chain chain{record, policy, links};
    if (record.end) return {ChainStep::Kind::over};
    if (chain.any_live() && (record.cancelled || chain.verdict_of_links())) return {ChainStep::Kind::cancel};
    if (chain.verdict()) return {ChainStep::Kind::over};
    if (links.empty()) return plan(chain.next_ms());
    if (!links.back()) return record.refused.empty() ? ChainStep{ChainStep::Kind::submit} : ChainStep{};
    const BatchJob& last = *links.back();
    // The site took away one that waited behind a running one: the next is asked for when that has ended, for
    // it could not be told to start after it.
    if (last.is_over() && chain.any_live()) return {};
    return last.is_over() ? step_after(chain, last, now_ms) : step_ahead(chain, last, now_ms);
}

BatchJob claim_of(const ChainRecord& record, const ChainPolicy& policy, const ChainLinks& links,
                  std::int64_t now_ms) {
    if (record.end) return *record.end;
    const Chain chain{record, policy, links};
    BatchJob claim = sum_of(record, links);
    const std::optional<Verdict> verdict = chain.verdict();
    if (!verdict) return as_live(std::move(claim), chain);
    claim.state = verdict->state;
    claim.cause = verdict->cause;
    claim.message = verdict->words;
    if (verdict->number > 0)
        claim.exit_status = links[static_cast<std::size_t>(verdict->number) - 1]->exit_status;
    const Gaps gaps = gaps_of(links);
    if (gaps.allocations > 1) {
        claim.message += fmt::format("{}{} allocations, {} ms between them",
                                     claim.message.empty() ? "" : "; ", gaps.allocations, gaps.waited_ms);
    }
    claim.message = as_message(claim.message);
    claim.ended_ms = std::max(claim.ended_ms, claim.ended_ms == 0 ? now_ms : 0);
    return claim;
}

JobStart link_of(const ChainRecord& record, int number) {
    EM_ASSERT(number >= 1 && number <= static_cast<int>(record.planned_ms.size()), "a planned link");
    JobStart link = record.job;
    link.marker = link_marker(record.job.marker, number);
    link.duration_ms = record.planned_ms[static_cast<std::size_t>(number) - 1];
    link.warn_ms = std::min(record.job.warn_ms, link.duration_ms / 4);
    link.environment["EUROMESH_ALLOCATION"] = std::to_string(number);
    if (number == 1) return link;
    link.after_marker = link_marker(record.job.marker, number - 1);
    // A file that the site makes anew for each link would lose what the one before wrote.
    for (std::string* path : {&link.stdout_path, &link.stderr_path}) {
        if (!path->empty()) *path += fmt::format("~{}", number);
    }
    return link;
}

std::string link_marker(const std::string& claim, int number) {
    return fmt::format("{}~{}", claim, number);
}

std::optional<LinkName> parse_link_marker(std::string_view marker) {
    const std::size_t at = marker.rfind('~');
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = marker.substr(at + 1);
    LinkName name{std::string(marker.substr(0, at)), 0};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), name.number);
    const bool whole = error == std::errc() && end == digits.data() + digits.size() && digits.front() != '0';
    if (!whole || name.number < 1 || name.number > links_most || !is_marker(name.claim)) return std::nullopt;
    return name;
}

}  // namespace euromesh::federation
