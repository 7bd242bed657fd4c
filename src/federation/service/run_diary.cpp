#include "federation/service/run_diary.hpp"

#include <algorithm>

#include "base/id.hpp"
#include "federation/batch/chain.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t file_max_bytes = 8u << 20;
// Two of one kind with so little between them are one.
constexpr std::int64_t between_ms = 3'000;
// A wait that nobody notices.
constexpr std::int64_t least_wait_ms = 500;

std::string shortened(const std::string& words) {
    return as_message(words).substr(0, run_words_most_bytes);
}

void add(std::vector<RunHappening>& notes, RunHappening happening) {
    if (!notes.empty()) {
        RunHappening& last = notes.back();
        const bool same = last.kind == happening.kind && last.number == happening.number &&
                          happening.from_ms <= last.until_ms + between_ms;
        if (same) {
            last.until_ms = std::max(last.until_ms, happening.until_ms);
            return;
        }
    }
    notes.push_back(std::move(happening));
    if (notes.size() > run_happenings_most) notes.erase(notes.begin());
}

bool is_running(const BatchJob& allocation) {
    return allocation.state == BatchState::running;
}

int number_of(const BatchJob& allocation) {
    const auto name = parse_link_marker(allocation.marker);
    return name ? name->number : 1;
}

// It began, or was over before that, though nobody had called it off.
bool is_told(const BatchJob& allocation) {
    return allocation.started_ms > 0 || (allocation.is_over() && allocation.state != BatchState::cancelled &&
                                         !allocation.native_id.empty());
}

RunHappening told(const BatchJob& allocation) {
    return {.kind = "allocation",
            .from_ms = allocation.started_ms > 0 ? allocation.started_ms : allocation.ended_ms,
            .until_ms = allocation.is_over() ? std::max(allocation.ended_ms, allocation.started_ms) : 0,
            .number = number_of(allocation),
            .id = allocation.native_id.substr(0, 64),
            .words = shortened(allocation_words(allocation))};
}

Json as_json(const RunHappening& happening) {
    return parse_json(record_text(happening)).value();
}

}  // namespace

std::string allocation_words(const BatchJob& allocation) {
    const std::string after = allocation.message.empty() ? "" : ": " + allocation.message;
    if (!allocation.is_over()) return "goes on" + after;
    if (allocation.cause == EndCause::exit && allocation.exit_status == exit_go_on)
        return "left in order, to go on in another one" + after;
    if (allocation.cause == EndCause::exit && allocation.exit_status == 0) return "finished" + after;
    if (allocation.cause == EndCause::interrupted && !allocation.message.empty()) return allocation.message;
    const bool says_status = allocation.cause == EndCause::exit || allocation.cause == EndCause::signal;
    if (says_status) return fmt::format("ended with status {}{}", allocation.exit_status.value_or(0), after);
    return std::string(allocation.cause == EndCause::none ? name_of(allocation.state)
                                                          : name_of(allocation.cause)) +
           after;
}

void RunDiary::read(std::int64_t now_ms) {
    const auto text = os::read_file(file_, file_max_bytes);
    const auto json = text ? parse_json(*text, file_max_bytes) : Result<Json>(fail(text.error()));
    if (!json || !json->is_object()) return;
    const auto last = json_integer(*json, "last_ms", "diary");
    const Json pages = json->value("claims", Json::object());
    if (!last || !pages.is_object()) return;
    for (const auto& [claim, notes] : pages.items()) {
        const auto read = read_run_progress(Json{{"happenings", notes}});
        if (read && is_valid_id(claim)) pages_[claim].notes = read->happenings;
    }
    if (!pages_.empty() && *last <= now_ms) note("agent-away", *last, now_ms, "the agent was not running");
}

void RunDiary::see_wait(Page& page, const BatchJob& claim, std::int64_t now_ms) {
    const auto& all = claim.allocations;
    const bool runs = std::any_of(all.begin(), all.end(), is_running);
    std::int64_t since = 0;
    for (const BatchJob& allocation : all)
        if (allocation.is_over()) since = std::max(since, allocation.ended_ms);
    const bool waits = !claim.is_over() && !runs && since > 0;
    if (waits) {
        if (page.wait.kind.empty()) page.wait = {.kind = "waiting", .from_ms = std::min(since, now_ms)};
        if (!all.back().is_over() && !all.back().message.empty())
            page.wait.words = shortened(all.back().message);
        else if (page.wait.words.empty())
            page.wait.words = shortened(claim.message);
        return;
    }
    if (page.wait.kind.empty()) return;
    std::int64_t until = now_ms;
    for (const BatchJob& allocation : all)
        if (is_running(allocation)) until = std::min(until, allocation.started_ms);
    page.wait.until_ms = std::max(until, page.wait.from_ms);
    if (page.wait.until_ms - page.wait.from_ms >= least_wait_ms) add(page.notes, page.wait);
    page.wait = {};
}

void RunDiary::see(const std::vector<BatchJob>& runs, std::int64_t now_ms) {
    std::map<std::string, Page> seen;
    for (const BatchJob& claim : runs) {
        Page& page = seen[claim.marker];
        const auto known = pages_.find(claim.marker);
        if (known != pages_.end()) page = std::move(known->second);
        see_wait(page, claim, now_ms);
    }
    pages_ = std::move(seen);
}

void RunDiary::note(const std::string& kind, std::int64_t from_ms, std::int64_t until_ms,
                    const std::string& words) {
    for (auto& [claim, page] : pages_)
        add(page.notes, {.kind = kind,
                         .from_ms = from_ms,
                         .until_ms = std::max(from_ms, until_ms),
                         .words = shortened(words)});
}

void RunDiary::begin(const std::string& kind, std::int64_t from_ms, const std::string& words) {
    lasting_.try_emplace(kind, RunHappening{.kind = kind, .from_ms = from_ms, .words = shortened(words)});
}

void RunDiary::end(const std::string& kind, std::int64_t now_ms) {
    const auto found = lasting_.find(kind);
    if (found == lasting_.end()) return;
    note(kind, found->second.from_ms, now_ms, found->second.words);
    lasting_.erase(found);
}

std::vector<RunHappening> RunDiary::of(const BatchJob& claim) const {
    std::vector<RunHappening> all;
    for (const BatchJob& allocation : claim.allocations)
        if (is_told(allocation)) all.push_back(told(allocation));
    const auto page = pages_.find(claim.marker);
    if (page != pages_.end()) {
        all.insert(all.end(), page->second.notes.begin(), page->second.notes.end());
        if (!page->second.wait.kind.empty()) all.push_back(page->second.wait);
    }
    for (const auto& [kind, happening] : lasting_) all.push_back(happening);
    tidy(all);
    return all;
}

void RunDiary::keep(std::int64_t now_ms) {
    if (pages_.empty()) return;
    Json pages = Json::object();
    for (const auto& [claim, page] : pages_) {
        Json notes = Json::array();
        for (const RunHappening& happening : page.notes) notes.push_back(as_json(happening));
        // What lasts has lasted until now, should this agent be killed.
        for (const auto& [kind, happening] : lasting_) {
            RunHappening until_now = happening;
            until_now.until_ms = std::max(now_ms, happening.from_ms);
            notes.push_back(as_json(until_now));
        }
        pages[claim] = std::move(notes);
    }
    const Status kept =
        os::write_file_atomically(file_, Json{{"last_ms", now_ms}, {"claims", std::move(pages)}}.dump());
    if (kept)
        end("disk-full", now_ms);
    else if (kept.error().code == Code::no_space)
        begin("disk-full", now_ms, kept.error().message);
}

}  // namespace euromesh::federation
