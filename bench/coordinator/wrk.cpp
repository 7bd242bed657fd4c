#include "bench/coordinator/wrk.hpp"

#include "base/json.hpp"
#include "base/os/process.hpp"

namespace euromesh::bench {
namespace {

Result<WrkResult> read_result(const std::string& line) {
    EM_ASSIGN(const Json json, parse_json(line));
    const auto number = [&](const char* key) { return json.value(key, std::int64_t{0}); };
    WrkResult result;
    result.requests = number("requests");
    result.refused = number("refused");
    result.broken = number("broken");
    result.seconds = static_cast<double>(number("us")) / 1e6;
    result.p50_ms = static_cast<double>(number("p50")) / 1e3;
    result.p99_ms = static_cast<double>(number("p99")) / 1e3;
    result.most_ms = static_cast<double>(number("most")) / 1e3;
    return result;
}

}  // namespace

Result<std::vector<WrkResult>> run_wrk(const std::vector<WrkCase>& cases, const std::string& url, int seconds,
                                       const os::Path& folder) {
    os::Children children;
    std::vector<std::size_t> started;
    for (const WrkCase& one : cases) {
        std::vector<std::string> words{"/usr/bin/wrk",
                                       "-t",
                                       std::to_string(one.threads),
                                       "-c",
                                       std::to_string(one.connections),
                                       "-d",
                                       fmt::format("{}s", seconds),
                                       "--timeout",
                                       "10s",
                                       "-s",
                                       one.script,
                                       url,
                                       "--"};
        words.insert(words.end(), one.arguments.begin(), one.arguments.end());
        EM_ASSIGN(const std::size_t child,
                  children.start(words, folder / fmt::format("wrk-{}.err", started.size())));
        started.push_back(child);
    }
    std::vector<WrkResult> results(cases.size());
    constexpr std::string_view mark = "RESULT ";
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(200))) {
            if (!event.line.starts_with(mark)) continue;
            EM_ASSIGN(results[event.child], read_result(event.line.substr(mark.size())));
        }
    }
    for (const WrkResult& result : results) {
        if (result.requests == 0)
            return fail(Code::internal, "wrk made no request; see {}/wrk-*.err", folder.string());
    }
    return results;
}

}  // namespace euromesh::bench
