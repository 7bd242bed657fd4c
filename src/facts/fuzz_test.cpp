// Real files, broken at random: whatever is in a file, reading it ends, and ends with a place for each
// problem.
#include <algorithm>

#include "base/random.hpp"
#include "facts/catalogue.hpp"
#include "facts/fact_set.hpp"
#include "facts/rows_for_test.hpp"
#include "facts/totals.hpp"

namespace euromesh::facts {
namespace {

constexpr std::uint64_t seed = 20261121;

// What is put in; the last is the only one that a field may hold as it is.
const std::vector<std::string>& splinters() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> made = {"\xFF", "\xEF\xBB\xBF", std::string(1, '\0'),
                                         "\r\n", "\n\n",         "\"\""};
        for (const char c : std::string(",\"\n\r;A \t\xC3")) made.emplace_back(1, c);
        for (const char* text : {"-1", "1e999", "nan", "0x10", "EU", "none", "2026-02-30"})
            made.emplace_back(text);
        made.emplace_back(5000, '9');
        return made;
    }();
    return all;
}

std::size_t place_in(const std::string& text, Random& random) {
    return static_cast<std::size_t>(random.below(text.size() + 1));
}

void mutate(std::string& text, Random& random) {
    const std::size_t at = place_in(text, random);
    const std::string& splinter = splinters()[random.below(splinters().size())];
    switch (random.below(6)) {
        case 0:
            text.insert(at, splinter);
            break;
        case 1:
            text.replace(at, static_cast<std::size_t>(random.below(40)), splinter);
            break;
        case 2:
            text.erase(at, static_cast<std::size_t>(random.below(200)));
            break;
        case 3:
            text.insert(place_in(text, random), text.substr(at, 300));
            break;
        case 4:
            text.resize(at);
            break;
        default:
            if (at < text.size()) text[at] = static_cast<char>(random.below(256));
    }
}

void check_problem(const Problem& problem, const std::map<std::string, std::string, std::less<>>& texts) {
    CAPTURE(in_words(problem));
    const auto text = texts.find(problem.file.substr(std::string("given ").size()));
    REQUIRE(text != texts.end());
    const auto lines = 1 + std::count(text->second.begin(), text->second.end(), '\n');
    CHECK(problem.line >= 1);
    CHECK(problem.line <= lines);
    CHECK(problem.column >= 1);
    CHECK(!problem.text.empty());
    const std::string words = in_words(problem);
    CHECK(words.size() < 1500);
    CHECK(std::all_of(words.begin(), words.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x20; }));
}

}  // namespace

TEST_CASE("broken files are read to the end: all is well, or every problem has its place") {
    Random random(seed);
    const auto sound = built_in_texts();
    int accepted = 0;
    for (int round = 0; round < 60; ++round) {
        auto texts = sound;
        auto broken = std::next(texts.begin(), static_cast<std::ptrdiff_t>(random.below(texts.size())));
        for (std::uint64_t i = 0; i <= random.below(4); ++i) mutate(broken->second, random);
        CAPTURE(round);
        const FactFiles files = FactFiles::of_texts(texts);
        const CheckedFacts checked = check_facts(files);
        for (const Problem& problem : checked.problems.kept()) check_problem(problem, texts);
        CHECK(load_facts(files).has_value() == checked.problems.none());
        accepted += checked.problems.none() ? 1 : 0;
        totals_table(checked.facts, TotalBy::accelerator);
        static_cast<void>(find_records(files, "DE"));
    }
    // Most changes break something; some hit a note or a figure that may be anything.
    CHECK(accepted > 2);
    CHECK(accepted < 30);
}

TEST_CASE("the first lines, where the columns are named, broken in every way") {
    Random random(seed + 2);
    for (int round = 0; round < 300; ++round) {
        std::string text = built_in_texts()["countries.csv"].substr(0, 300);
        for (std::uint64_t i = 0; i <= random.below(3); ++i) mutate(text, random);
        Problems problems;
        read_table(countries_table(), text, "given countries.csv", problems);
        for (const Problem& problem : problems.kept()) check_problem(problem, {{"countries.csv", text}});
    }
}

TEST_CASE("text that was never a table is refused with a place") {
    Random random(seed + 1);
    for (int round = 0; round < 200; ++round) {
        std::string text;
        const std::size_t size = random.below(2000);
        while (text.size() < size) text += splinters()[random.below(splinters().size() - 1)];
        Problems problems;
        const auto table = read_table(systems_table(), text, "t.csv", problems);
        CHECK(!problems.none());
        CHECK(!table.csv);
    }
}

}  // namespace euromesh::facts
