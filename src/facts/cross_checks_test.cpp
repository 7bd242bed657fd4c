#include "facts/cross_checks.hpp"

#include "facts/fact_set.hpp"
#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

// All that is said when, in the built-in facts, `what` (once in the file) becomes `instead`.
std::vector<std::string> said(const std::string& file, const std::string& what, const std::string& instead) {
    auto texts = built_in_texts();
    std::string& text = texts[file];
    const std::size_t at = text.find(what);
    CAPTURE(what);
    REQUIRE(at != std::string::npos);
    REQUIRE(text.find(what, at + 1) == std::string::npos);
    text.replace(at, what.size(), instead);
    const CheckedFacts checked = check_facts(FactFiles::of_texts(texts));
    std::vector<std::string> all;
    for (const Problem& problem : checked.problems.kept()) all.push_back(in_words(problem));
    return all;
}

std::string only_said(const std::string& file, const std::string& what, const std::string& instead) {
    const std::vector<std::string> all = said(file, what, instead);
    CAPTURE(what);
    CAPTURE(fmt::format("{}", fmt::join(all, "\n")));
    REQUIRE(all.size() == 1);
    return all.front();
}

}  // namespace

TEST_CASE("an accelerator that is named must be there") {
    CHECK(only_said("systems.csv", "2022-06,2027,mi250x,", "2022-06,2027,mi250,") ==
          "given systems.csv:2:102: accelerator: 'mi250' is not in accelerators.csv (do you mean mi250x?)");
    CHECK(only_said("training_runs.csv", "6ND,h800-sxm,", "6ND,h900-sxm,") ==
          "given training_runs.csv:9:50: accelerator: 'h900-sxm' is not in accelerators.csv (do you mean "
          "h800-sxm?)");
    // Three systems lose theirs.
    CHECK(said("accelerators.csv", "\nmi300a,", "\nmi300b,").size() == 3);
}

TEST_CASE("a system, a factory and a country that are named must be there") {
    CHECK(
        only_said("ai_factories.csv", "HammerHAI,hammerhai,2026-03-16", "HammerHAI,hamerhai,2026-03-16") ==
        "given ai_factories.csv:3:88: system_id: 'hamerhai' is not in systems.csv (do you mean hammerhai?)");
    CHECK(only_said("ai_factories.csv", "ai2f;luxembourg-aif", "ai2f;luxemburg-aif") ==
          "given ai_factories.csv:24:76: linked_ai_factories: 'luxemburg-aif' is not in ai_factories.csv (do "
          "you mean luxembourg-aif?)");
    CHECK(only_said("ai_factories.csv", "FI;CZ;DK;EE;NO;PL", "FI;CZ;DK;EE;XX;PL")
              .find("given ai_factories.csv:2:52: countries: 'XX' is not in countries.csv") == 0);
    CHECK(only_said("energy.csv", "\nMT,Malta", "\nMX,Malta")
              .find("country_iso2: 'MX' is not in countries.csv") != std::string::npos);
    CHECK(said("countries.csv", "\nLU,", "\nLX,").size() > 4);
}

TEST_CASE("a country written in small letters is told once") {
    CHECK(only_said("systems.csv", "eurohpc,Kajaani,FI,64.232", "eurohpc,Kajaani,fi,64.232") ==
          "given systems.csv:2:38: country_iso2: 'fi' is not a country (two capital letters: DE)");
}

TEST_CASE("a changed count, peak or memory of a system is found") {
    CHECK(only_said("systems.csv", ",13824,3456,", ",13842,3456,") ==
          "given systems.csv:3:111: accelerator_count: 13842 is not nodes x accel_per_node = 13824");
    CHECK(
        only_said("systems.csv", "11912,2978,4,128,383,", "11912,2978,4,128,338,") ==
        "given systems.csv:2:126: peak_fp16_dense_tflops_per_accel: 338 is not fp16_dense_tflops of mi250x = "
        "383");
    CHECK(only_said("systems.csv", "11912,2978,4,128,383,", "11912,2978,4,64,383,") ==
          "given systems.csv:2:122: accel_mem_gib: 64 is not mem_gib of mi250x = 128");
}

TEST_CASE("the host takes part in its factory") {
    CHECK(only_said("ai_factories.csv", "GR,GR,2024-12-10", "GR,CY,2024-12-10") ==
          "given ai_factories.csv:4:42: countries: the host country GR is not among them");
}

TEST_CASE("euros follow from the central value and the rate") {
    CHECK(only_said("costs.csv", "14.2,,USD,12.0842", "14.2,,USD,12.84") ==
          "given costs.csv:3:86: eur_central: 12.84 is not central x fx-usd = 12.0842");
    CHECK(only_said("costs.csv", "EUR/USD,,0.851,,EUR,0.851", "EUR/USD,,0.851,,EUR,0.951")
              .find("eur_central: 0.951 is not central = 0.851") != std::string::npos);
    const std::vector<std::string> without = said("costs.csv", "\nfx-usd,", "\nfx-used,");
    REQUIRE(without.size() > 5);
    CHECK(without.front().find("currency: USD, and there is no row fx-usd with its rate") !=
          std::string::npos);
}

TEST_CASE("FLOP and MFU of a run follow from what they were derived from") {
    // Both rest on the figure that was changed.
    const std::vector<std::string> flop =
        said("training_runs.csv", "671,37,14.8,3.29e+24", "671,37,14.8,3.29e+25");
    REQUIRE(flop.size() == 2);
    CHECK(flop[0] ==
          "given training_runs.csv:9:37: flop: 3.29e+25 is not 6 x parameters x tokens = 3.2856e+24");
    CHECK(flop[1] == "given training_runs.csv:9:77: mfu: 0.346 is not flop / (accel_hours x peak) = 3.46867");
    CHECK(only_said("training_runs.csv", "54,0.346,derived", "54,0.436,derived") ==
          "given training_runs.csv:9:77: mfu: 0.436 is not flop / (accel_hours x peak) = 0.346867");
}

TEST_CASE("distances and round trips follow from the coordinates") {
    const std::vector<std::string> distance = said("network.csv", "50.85,4.352,173,", "50.85,4.352,137,");
    REQUIRE(distance.size() == 2);
    CHECK(distance[0] == "given network.csv:2:85: distance_km: 137 is not the great circle = 172.874");
    CHECK(distance[1] == "given network.csv:2:144: rtt_ms: 6.0 is not rtt-rule = 5.32");
    CHECK(only_said("network.csv", "leased,20.6,rule rtt-rule", "leased,26.0,rule rtt-rule")
              .find("rtt_ms: 26.0 is not rtt-rule = 20.6") != std::string::npos);
}

TEST_CASE("a file that could not be read stops no other check, and is not held against the others") {
    auto texts = built_in_texts();
    texts["accelerators.csv"] = "id,name\n";
    texts.erase("countries.csv");
    const CheckedFacts checked = check_facts(FactFiles::of_texts(texts));
    for (const Problem& problem : checked.problems.kept()) {
        CAPTURE(in_words(problem));
        CHECK((problem.file == "given accelerators.csv" || problem.file == "given countries.csv"));
    }
    CHECK(!checked.problems.none());
}

}  // namespace euromesh::facts
