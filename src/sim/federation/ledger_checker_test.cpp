#include "sim/federation/ledger_checker.hpp"

#include <doctest/doctest.h>

namespace euromesh::sim {
namespace {

std::string event(int seq, const char* type, const std::string& data) {
    return fmt::format(R"({{"v":1,"seq":{},"time":1,"type":"{}","by":"x","data":{}}})", seq, type, data);
}

const std::string granted = R"({"allocation":{"id":"a","granted":10}})";
const std::string submitted = R"({"job":"j","spec":{"resources":{"sites":{"count":1}}}})";
const std::string decided = R"({"job":"j","allocation":"a","claims":[{"claim":"c","site":"s","held":4}]})";

LedgerChecker checker_with(const std::vector<std::pair<const char*, std::string>>& more) {
    LedgerChecker checker;
    int seq = 0;
    checker.see(event(seq++, "allocation.granted", granted));
    checker.see(event(seq++, "job.submitted", submitted));
    checker.see(event(seq++, "job.decided", decided));
    checker.see(event(seq++, "claim.offered", R"({"claim":"c"})"));
    for (const auto& [type, data] : more) checker.see(event(seq++, type, data));
    return checker;
}

TEST_CASE("a claim's life adds up") {
    LedgerChecker checker = checker_with({{"claim.ended", R"({"claim":"c","charged":3})"}});
    checker.finish();
    CHECK(checker.failures().empty());
    CHECK(checker.allocations().at("a").used == 3);
    CHECK(checker.allocations().at("a").left == 7);
}

TEST_CASE("each kind of mistake is found") {
    const auto first = [](LedgerChecker checker) {
        checker.finish();
        return checker.failures().empty() ? std::string() : checker.failures().front();
    };
    const std::pair<const char*, std::string> end{"claim.ended", R"({"claim":"c","charged":3})"};
    CHECK(first(checker_with({})).find("still held") != std::string::npos);
    CHECK(first(checker_with({end, end})).find("ends twice") != std::string::npos);
    CHECK(first(checker_with({{"claim.ended", R"({"claim":"c","charged":5})"}})).find("more than was held") !=
          std::string::npos);
    CHECK(first(checker_with({{"job.decided", decided}})).find("a second decision") != std::string::npos);
    LedgerChecker gap = checker_with({end});
    gap.see(event(9, "account.seen", "{}"));
    CHECK(first(gap).find("not the next") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::sim
