#include "federation/core/run_progress.hpp"

#include <algorithm>
#include <array>

namespace euromesh::federation {
namespace {

constexpr std::size_t address_most = 300, digest_most = 64, name_most = 64;
constexpr std::array<std::string_view, 7> kinds{
    "allocation", "waiting", "scheduler-silent", "coordinator-away", "agent-away", "disk-full", "absent"};

bool is_digest(const std::string& text) {
    return text.size() <= digest_most && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_address(const std::string& text) {
    return text.size() <= address_most &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Result<RunProgress> read_run_progress(const Json& json) {
    if (!json.is_object()) return fail(Code::bad_input, "progress of a run: must be an object");
    EM_ASSIGN(const RunProgress read, read_record<RunProgress>(json, "run"));
    for (const std::int64_t count :
         {read.rounds, read.rounds_all, read.members, read.inner_steps, read.tokens, read.bytes_sent,
          read.bytes_received, read.compute_ms, read.wait_ms, read.starts})
        if (count < 0) return fail(Code::bad_input, "progress of a run: no count may be below zero");
    if (!is_digest(read.outer_digest) || !is_digest(read.manifest_head))
        return fail(Code::bad_input, "progress of a run: digests are at most 64 hexadecimal digits");
    if (!is_address(read.address))
        return fail(Code::bad_input, "progress of a run: /address must be HOST:PORT");
    if (read.happenings.size() > run_happenings_most)
        return fail(Code::bad_input, "progress of a run: at most {} happenings", run_happenings_most);
    for (const RunHappening& happening : read.happenings) EM_TRY(check(happening));
    return read;
}

Status check(const RunHappening& happening) {
    if (std::find(kinds.begin(), kinds.end(), happening.kind) == kinds.end())
        return fail(Code::bad_input, "happening of a run: /kind must be one of {}", fmt::join(kinds, ", "));
    const bool ordered = happening.until_ms == 0 || happening.until_ms >= happening.from_ms;
    if (happening.from_ms < 0 || happening.number < 0 || happening.last < 0 || !ordered)
        return fail(Code::bad_input, "happening of a run: it ends before it begins, or counts below zero");
    const bool fits = happening.site.size() <= name_most && happening.id.size() <= name_most &&
                      happening.words.size() <= run_words_most_bytes;
    if (fits) return {};
    return fail(Code::bad_input, "happening of a run: words of at most {} bytes, names of {}",
                run_words_most_bytes, name_most);
}

void tidy(std::vector<RunHappening>& happenings) {
    std::stable_sort(happenings.begin(), happenings.end(),
                     [](const RunHappening& a, const RunHappening& b) { return a.from_ms < b.from_ms; });
    if (happenings.size() <= run_happenings_most) return;
    happenings.erase(happenings.begin(), happenings.end() - run_happenings_most);
}

RunProgress for_the_ledger(RunProgress progress) {
    progress.address.clear();
    return progress;
}

}  // namespace euromesh::federation
