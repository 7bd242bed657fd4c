// One load generator process (wrk) and what it measured. Plain values; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::bench {

struct WrkCase {
    std::string script;
    std::vector<std::string> arguments;  // of the script
    int threads = 1, connections = 1;
};

struct WrkResult {
    std::int64_t requests = 0, refused = 0, broken = 0;  // refused: a status of 400 or more
    double seconds = 0, p50_ms = 0, p99_ms = 0, most_ms = 0;
    double rate() const { return seconds > 0 ? static_cast<double>(requests) / seconds : 0; }
    std::int64_t good() const { return requests - refused; }
};

// All at once, for so many seconds; the results in the order of the cases.
Result<std::vector<WrkResult>> run_wrk(const std::vector<WrkCase>& cases, const std::string& url, int seconds,
                                       const os::Path& folder);

}  // namespace euromesh::bench
