#include "facts/accelerators.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

const std::vector<Accelerator>& built_in() {
    static const auto accelerators = load_accelerators(FactFiles::built_in());
    REQUIRE(accelerators);
    return *accelerators;
}

TestRow good() {
    return TestRow(accelerators_table().shape, {{"id", "x"},
                                                {"name", "X"},
                                                {"vendor", "V"},
                                                {"year", "2024"},
                                                {"software_stack", "S"},
                                                {"source", "sheet"},
                                                {"source_url", "https://x.eu"},
                                                {"as_of", "2026-11-21"},
                                                {"grade", "B"},
                                                {"evidence", "seen"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(accelerators_table(), good().with(changes).file());
}

const TestRow::Changes with_mfu = {
    {"mfu_central", "0.4"}, {"mfu_source", "paper"}, {"mfu_source_url", "https://p.eu"}, {"mfu_grade", "C"}};

TestRow::Changes and_mfu(TestRow::Changes changes) {
    TestRow::Changes all = with_mfu;
    all.insert(all.end(), changes.begin(), changes.end());
    return all;
}

}  // namespace

TEST_CASE("the built-in accelerators are what they are") {
    CHECK(built_in().size() == 34);
    const auto a100 = find_accelerator(built_in(), "a100-sxm-40");
    REQUIRE(a100);
    CHECK(a100->vendor == "NVIDIA");
    CHECK(a100->year == 2020);
    CHECK(a100->memory_gb == 40);
    CHECK(a100->memory_bandwidth_gbs == 1555);
    CHECK(a100->bf16_dense_tflops == 312);
    CHECK(!a100->fp8_dense_tflops);
    CHECK(a100->tdp_w == 400);
    REQUIRE(a100->mfu);
    CHECK(a100->mfu->central == 0.43);
    CHECK(a100->mfu->low == 0.30);
    CHECK(a100->mfu_source.grade == Grade::c);
    CHECK(a100->mfu_source.as_of == "2026-11-21");
    REQUIRE(a100->wholejob_mfu);
    CHECK(a100->wholejob_mfu->median == 0.337);
    CHECK(a100->wholejob_runs == 8);
    CHECK(a100->source.grade == Grade::b);
    CHECK(a100->evidence == "part");
}

TEST_CASE("an MFU may be known without its range, or not at all") {
    const auto pvc = find_accelerator(built_in(), "pvc1550");
    REQUIRE((pvc && pvc->mfu));
    CHECK(pvc->mfu->central == 0.1);
    CHECK(!pvc->mfu->low);
    const auto a30 = find_accelerator(built_in(), "a30");
    REQUIRE(a30);
    CHECK(!a30->mfu);
    CHECK(!a30->wholejob_mfu);
    CHECK(a30->mfu_source.name.empty());
}

TEST_CASE("an unknown accelerator is answered with those most alike") {
    const auto near = find_accelerator(built_in(), "h100");
    REQUIRE(!near);
    CHECK(near.error().code == Code::not_found);
    CHECK(near.error().message ==
          "no accelerator 'h100' in accelerators.csv (do you mean h100-pcie-80, h100-sxm-64c, h100-sxm-80?)");
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"year", "24"}}) ==
          "t.csv:2:7: year: '24' is not a date (2026, 2026-05 or 2026-05-31)");
    CHECK(complaint_about({{"fp16_dense_tflops", "-3"}}).find("is outside 0.1 to") != std::string::npos);
    CHECK(complaint_about({{"evidence", "heard"}})
              .find("'heard' is not one of seen, part, recalled, derived") != std::string::npos);
    CHECK(complaint_about(and_mfu({{"mfu_central", "1.4"}})).find("mfu_central: 1.4 is outside 0.001 to 1") !=
          std::string::npos);
    CHECK(
        complaint_about(and_mfu({{"mfu_low", "0.5"}})).find("mfu_low: 0.5 is above mfu_central, which is") !=
        std::string::npos);
    CHECK(complaint_about({{"mfu_high", "0.5"}}).find("mfu_central: blank beside mfu_low or mfu_high") !=
          std::string::npos);
    CHECK(complaint_about(and_mfu({{"mfu_grade", ""}})).find("mfu_grade: '' is not one of A, B, C") !=
          std::string::npos);
    CHECK(
        complaint_about({{"wholejob_runs", "3"}}).find("wholejob_runs: minimum, median, maximum and runs") !=
        std::string::npos);
}

}  // namespace euromesh::facts
