#include "facts/catalogue.hpp"

#include "facts/fact_set.hpp"
#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

std::vector<FactRecord> found(std::string_view id) {
    const auto records = find_records(FactFiles::built_in(), id);
    REQUIRE(records);
    return *records;
}

}  // namespace

TEST_CASE("golden: a system with its sources, as people see it") {
    REQUIRE(found("roihu-gpu").size() == 1);
    CHECK(in_words(found("roihu-gpu").front(), 80) == R"(roihu-gpu  (systems.csv, line 76)
  name                              Roihu / GPU
  kind                              national
  site                              Kajaani
  country_iso2                      FI
  lat                               64.232 degrees
  lon                               27.691 degrees
  operator                          CSC
  status                            operational
  online_date                       2026-06
  accelerator                       gh200-96
  accelerator_count                 528
  nodes                             132
  accel_per_node                    4
  accel_mem_gib                     96 GB
  peak_fp16_dense_tflops_per_accel  989 TFLOP/s
  linpack_rmax_pflops               23.4 PFLOP/s
  scheduler                         Slurm
  container_runtime                 Apptainer
  source                            CSC docs, Roihu supercomputer (commit
                                    dff081f)
  source_url                        https://docs.csc.fi/computing/systems-roihu/
  as_of                             2026-08-21
  grade                             A (the primary source was read)
  note                              HPL estimate by CSC; replaces Puhti and
                                    Mahti (shut down Jul-Aug 2026)
  (unknown)                         retire_date, power_mw, interconnect,
                                    wan_gbps
)");
}

TEST_CASE("an id may stand in several files") {
    const std::vector<FactRecord> finland = found("FI");
    REQUIRE(finland.size() == 2);
    CHECK(finland[0].file == "countries.csv");
    CHECK(finland[1].file == "energy.csv");
    CHECK(found("hammerhai").size() == 2);
}

TEST_CASE("every record of every file is found, and told without losing a field") {
    const CheckedFacts checked = check_facts(FactFiles::built_in());
    std::size_t rows = 0;
    for (const FileRows& file : checked.files) rows += file.rows;
    CHECK(rows == 670);
    CHECK(all_shapes().size() == checked.files.size());
    for (const TrainingRun& run : checked.facts.training_runs) {
        const FactRecord record = found(run.id).front();
        CHECK(record.fields.size() == training_runs_table().shape.columns.size());
        CHECK(in_words(record, 1000).find(run.source.url) != std::string::npos);
    }
}

TEST_CASE("as JSON, numbers are numbers, text is text and unknown is null") {
    const Json document = to_json(found("a100-sxm-40").front());
    CHECK(document["file"] == "accelerators.csv");
    CHECK(document["line"] == 3);
    const Json& fields = document["fields"];
    CHECK(fields["bf16_dense_tflops"] == 312);
    CHECK(fields["mfu_central"] == 0.43);
    CHECK(fields["as_of"] == "2026-11-21");
    CHECK(fields["fp8_dense_tflops"].is_null());
    CHECK(to_json(found("llama31-405b").front())["fields"]["flop"] == 3.8e25);
    CHECK(to_json(found("lumi-g").front())["fields"]["retire_date"] == "2027");
}

TEST_CASE("what is not there is answered with what is most alike") {
    const auto unknown = find_records(FactFiles::built_in(), "leonardo-boster");
    REQUIRE(!unknown);
    CHECK(unknown.error().code == Code::not_found);
    CHECK(unknown.error().message ==
          "no record 'leonardo-boster' in any table of facts (do you mean leonardo-booster?)");
    CHECK(find_records(FactFiles::built_in(), "?").error().message == "no record '?' in any table of facts");
}

TEST_CASE("a table that cannot be read is told with its place") {
    auto texts = built_in_texts();
    texts["network.csv"] = "id\n\n";
    const auto records = find_records(FactFiles::of_texts(texts), "lumi-g");
    REQUIRE(!records);
    CHECK(records.error().code == Code::bad_input);
    CHECK(records.error().message.find("given network.csv:1:1: type: this column is missing") == 0);
}

}  // namespace euromesh::facts
