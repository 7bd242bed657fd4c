#include "federation/core/run_progress.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

constexpr std::size_t address_most = 300, digest_most = 64;

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
    return read;
}

RunProgress for_the_ledger(RunProgress progress) {
    progress.address.clear();
    return progress;
}

}  // namespace euromesh::federation
