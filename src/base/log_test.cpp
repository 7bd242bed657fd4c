#include "base/log.hpp"

#include <doctest/doctest.h>

namespace euromesh {
namespace {

TEST_CASE("one event is one line, for people or for programs") {
    const ManualClock clock;
    std::string text;
    const auto keep = [&text](std::string_view line) { text += line; };
    const Logger human(clock, LogFormat::human, LogLevel::info, keep);
    human.warning("peer left", {{"site", "leonardo"}, {"round", 3}});
    CHECK(text == "00:00:00 warning: peer left site=leonardo round=3\n");

    text.clear();
    const Logger machine(clock, LogFormat::json_lines, LogLevel::info, keep);
    machine.info("peer\nleft", {{"round", 3}});
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    CHECK(parse_json(text)->at("round") == 3);
}

TEST_CASE("what is below the level is not written") {
    const ManualClock clock;
    int lines = 0;
    const Logger quiet(clock, LogFormat::human, LogLevel::warning, [&lines](std::string_view) { ++lines; });
    quiet.info("unheard");
    CHECK(lines == 0);
}

}  // namespace
}  // namespace euromesh
