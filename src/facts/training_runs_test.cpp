#include "facts/training_runs.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(training_runs_table().shape, {{"id", "x"},
                                                 {"model", "X"},
                                                 {"site", "Somewhere"},
                                                 {"date", "2025-2026"},
                                                 {"source", "report"},
                                                 {"source_url", "https://r.eu"},
                                                 {"grade", "B"},
                                                 {"evidence", "seen"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(training_runs_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("the built-in runs, and what is not known of them") {
    const auto runs = load_training_runs(FactFiles::built_in());
    REQUIRE(runs);
    CHECK(runs->size() == 48);
    for (const TrainingRun& run : *runs) {
        if (run.id == "llama31-405b") {
            CHECK(run.flop == 3.8e25);
            CHECK(run.accelerator == "h100-sxm-80");
            CHECK(run.accel_hours == 30840000);
            CHECK(run.mfu == 0.41);
            CHECK(!run.duration_days);
            CHECK(run.source.as_of == "2024-07");
        }
        if (run.id == "deepseek-v3") CHECK(run.params_active_b == 37);
        if (run.id == "consilience-40b") {
            REQUIRE(run.date);
            CHECK(run.date->precision == Precision::years);
            CHECK(!run.accelerator);
            CHECK(!run.country);
        }
    }
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"flop", "1e24"}}) ==
          "t.csv:2:13: flop_method: flop and flop_method are given together or not at all");
    CHECK(complaint_about({{"flop", "1e24"}, {"flop_method", "guess"}})
              .find("'guess' is not one of published, 6ND") != std::string::npos);
    CHECK(
        complaint_about({{"mfu", "41"}, {"mfu_method", "published"}}).find("mfu: 41 is outside 0.001 to 1") !=
        std::string::npos);
    CHECK(complaint_about({{"params_total_b", "10"}, {"params_active_b", "37"}}) ==
          "t.csv:2:8: params_active_b: 37 is above params_total_b");
    CHECK(complaint_about({{"date", "2024-7"}}).find("date: '2024-7' is not a date") != std::string::npos);
    CHECK(complaint_about({{"accel_hours", "0"}}).find("accel_hours: 0 is outside 1 to") !=
          std::string::npos);
}

}  // namespace euromesh::facts
