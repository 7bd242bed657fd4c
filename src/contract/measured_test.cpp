#include "contract/measured.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/os/file.hpp"
#include "base/random.hpp"
#include "contract/run_record.hpp"

namespace euromesh::contract {
namespace {

Measured example() {
    return {.program = "0.1.0",
            .date = "2026-11-21T08:00:00Z",
            .run = "three-sites",
            .parameters = 1'030'000,
            .inner_steps = 30,
            .rounds = 256,
            .batch_tokens = 384,
            .codec = "int8",
            .bytes_per_parameter = 1.37,
            .loss_gap = 0.0257,
            .sites = {{"leonardo", 8000, 60, 20}, {"jupiter", 9000, 70, 10}}};
}

std::string text_of(const Json& document) {
    return document.dump(2);
}

// The first line of the message when one key has this value; an absent key when `value` is discarded.
std::string complaint(const char* key, const Json& value) {
    Json document = to_json(example());
    if (value.is_discarded())
        document.erase(key);
    else
        document[key] = value;
    const Result<Measured> read = parse_measured(text_of(document), "m.json");
    return read ? "" : read.error().message;
}

RunRecord finished_run() {
    RunRecord record(
        *parse_run_spec("[run]\nname='r'\n[model]\ncontext=16\n[inner]\nbatch=4\n"
                        "[outer]\ninner_steps=5\ncodec='int8'\n"
                        "[[site]]\nname='a'\nlanguage='German'\ntext='a'\nheldout='a'\n"
                        "[[site]]\nname='b'\nlanguage='Italian'\ntext='b'\nheldout='b'\n",
                        "run.toml"));
    for (const char* site : {"a", "b"}) {
        const Teller teller{Teller::Kind::federated, site};
        REQUIRE(record.add(teller, {{"event", "start"}, {"parameters", 1000}, {"text_bytes", 99}}));
        for (int round = 1; round <= 2; ++round)
            REQUIRE(record.add(teller, {{"event", "round"},
                                        {"round", round},
                                        {"inner_steps", 5},
                                        {"tokens", 320},
                                        {"bytes_sent", 1100},
                                        {"bytes_received", 1100},
                                        {"compute_s", 3.0},
                                        {"wait_s", 1.0},
                                        {"loss", 2.0},
                                        {"digest", "d"}}));
    }
    return record;
}

}  // namespace

TEST_CASE("a finished run becomes a measured document") {
    const Measured measured = measured_from_report(finished_run().document(), "0.1.0", "2026-11-21").value();
    CHECK(measured.parameters == 1000);
    CHECK(measured.inner_steps == 5);
    CHECK(measured.rounds == 2);
    CHECK(measured.batch_tokens == 2 * 4 * 16);
    CHECK(measured.bytes_per_parameter == doctest::Approx(1.1));
    CHECK(measured.sites.size() == 2);
    CHECK(measured.sites[0].tokens_per_s == doctest::Approx(80));
    CHECK(measured.utilisation() == doctest::Approx(0.75));
    CHECK(!measured.loss_gap);
    CHECK(parse_measured(text_of(to_json(measured)), "m").value() == measured);
}

TEST_CASE("a run without an outer step measured nothing") {
    const RunRecord empty(*parse_run_spec(
        "[run]\nname='r'\n[[site]]\nname='a'\nlanguage='G'\ntext='a'\nheldout='a'\n", "run.toml"));
    const auto measured = measured_from_report(empty.document(), "0", "d");
    REQUIRE(!measured);
    CHECK(measured.error().message == "run r did no outer step: nothing was measured");
}

TEST_CASE("what is written is what is read, with and without a baseline") {
    const auto file =
        std::filesystem::temp_directory_path() / ("em_measured_" + std::to_string(::getpid()) + ".json");
    Measured measured = example();
    for (int i = 0; i < 2; ++i) {
        REQUIRE(write_measured(file, measured));
        CHECK(read_measured(file).value() == measured);
        measured.loss_gap.reset();
    }
    std::filesystem::remove(file);
    CHECK(read_measured(file).error().code == Code::not_found);
}

TEST_CASE("a complaint says where and what would be right") {
    const Json absent(Json::value_t::discarded);
    CHECK(complaint("format", "euromesh-measured/2") ==
          "m.json: 'format' is 'euromesh-measured/2'; this program reads 'euromesh-measured/1'");
    CHECK(complaint("codec", absent) == "m.json: 'codec' must be text");
    CHECK(complaint("parameters", 0) == "m.json: 'parameters' is 0; it must be at least 1");
    CHECK(complaint("rounds", 2.5) == "m.json: 'rounds' must be a whole number");
    CHECK(complaint("bytes_per_parameter", -1) ==
          "m.json: 'bytes_per_parameter' is -1; it must be at least 0");
    CHECK(complaint("loss_gap", "much") == "m.json: 'loss_gap' must be a number");
    CHECK(complaint("sites", Json::array()) == "m.json: 'sites' must be a list of 1 to 1000 sites");
    CHECK(complaint("sites", Json::array({{{"name", "a"}}})) ==
          "m.json: site 1: 'tokens_per_s' must be a number");
    CHECK(complaint("speed", 1) == "m.json: unknown key 'speed'");
    CHECK(parse_measured("{\n\"format\": }", "m.json").error().message ==
          "m.json: not valid JSON at line 2, column 11");
    CHECK(parse_measured("[]", "m.json").error().message == "m.json must be an object");
    CHECK(!parse_measured(std::string(measured_max_bytes + 1, ' '), "m.json"));
}

TEST_CASE("damaged documents are refused or read, never worse; what is read can be written") {
    Random random(1);
    const std::string text = text_of(to_json(example()));
    for (int trial = 0; trial < 3000; ++trial) {
        std::string damaged = text;
        for (std::uint64_t k = 0; k <= random.below(4); ++k)
            damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        if (random.below(3) == 0) damaged.resize(random.below(damaged.size()));
        const auto read = parse_measured(damaged, "m.json");
        if (read) CHECK(parse_measured(text_of(to_json(*read)), "m.json").value() == *read);
    }
}

}  // namespace euromesh::contract
