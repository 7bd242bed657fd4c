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
    const std::pair<const char*, std::string> away{"claim.displaced", R"({"claim":"c"})"};
    const std::pair<const char*, std::string> cancelled{"claim.ended",
                                                        R"({"claim":"c","state":"cancelled","charged":3})"};
    const auto credit = [](int amount) {
        return std::pair<const char*, std::string>{
            "allocation.credited", fmt::format(R"({{"allocation":"a","claim":"c","amount":{}}})", amount)};
    };
    CHECK(first(checker_with({away, away})).find("displaced twice") != std::string::npos);
    CHECK(first(checker_with({away, cancelled})).find("not repaid") != std::string::npos);
    CHECK(first(checker_with({away, cancelled, credit(2)})).find("not what it was charged") !=
          std::string::npos);
    CHECK(first(checker_with({cancelled, credit(3)})).find("was not displaced") != std::string::npos);
    CHECK(first(checker_with({away, cancelled, credit(3), credit(3)})).find("not what it was charged") !=
          std::string::npos);
    CHECK(first(checker_with({away, cancelled, credit(3)})).empty());
    LedgerChecker gap = checker_with({end});
    gap.see(event(9, "account.seen", "{}"));
    CHECK(first(gap).find("not the next") != std::string::npos);
}

TEST_CASE("nobody is offered a place before it is free") {
    const std::string more = R"({"job":"k","claims":[{"claim":"d","site":"s","after":["c"]}]})";
    const std::pair<const char*, std::string> second{
        "job.submitted", R"({"job":"k","spec":{"resources":{"sites":{"count":1}}}})"};
    LedgerChecker checker =
        checker_with({second, {"job.decided", more}, {"claim.offered", R"({"claim":"d"})"}});
    REQUIRE(checker.failures().size() == 1);
    CHECK(checker.failures()[0].find("offered before c has ended") != std::string::npos);
    CHECK(checker_with({second,
                        {"job.decided", more},
                        {"claim.ended", R"({"claim":"c","charged":3})"},
                        {"claim.offered", R"({"claim":"d"})"}})
              .failures()
              .empty());
}

}  // namespace
}  // namespace euromesh::sim
