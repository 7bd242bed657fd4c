#include "federation/batch/chain_record.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

ChainRecord record() {
    ChainRecord made;
    made.job = {.marker = "claim",
                .executable = "/bin/true",
                .environment = {{"A", "ä"}},
                .directory = "/shared/claim",
                .duration_ms = 600'000,
                .warn_ms = 10'000,
                .files = {{"run.toml", "x = 1\n"}},
                .resumes = true};
    made.order = 7;
    made.submitted_ms = 1'795'000'000'000;
    made.planned_ms = {120'000, 90'000};
    return made;
}

ChainRecord ended() {
    ChainRecord made = record();
    made.cancelled = made.forgetting = true;
    made.refused = "no such account";
    BatchJob end;
    end.marker = "claim";
    end.native_id = "4711";
    end.state = BatchState::ended;
    end.cause = EndCause::time_limit;
    end.exit_status = 143;
    end.message = "over";
    end.submitted_ms = made.submitted_ms;
    end.started_ms = 5;
    end.ended_ms = 9;
    end.usage = {4, 3, 2};
    made.end = end;
    return made;
}

TEST_CASE("the record of a chain comes back as it went") {
    for (const ChainRecord& made : {record(), ended(), ChainRecord{.job = record().job}})
        CHECK(decode_chain(encode(made), "f").value() == made);
    ChainRecord without_status = ended();
    without_status.end->exit_status.reset();
    CHECK(decode_chain(encode(without_status), "f").value() == without_status);
}

TEST_CASE("what is not as it was written is damage, with its place; a newer one is left alone") {
    ChainRecord zero = record();
    zero.planned_ms[1] = 0;
    for (const std::string& text : {std::string(), std::string("[]"), std::string("{}"),
                                    std::string(R"({"version":1})"), encode(zero)}) {
        const auto read = decode_chain(text, "chains/x");
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == Code::corrupted);
        CHECK(read.error().message.starts_with("chains/x: "));
    }
    CHECK(decode_chain(R"({"version":2})", "f").error().code == Code::refused);
}

TEST_CASE("any change of bytes is read or refused, never a crash") {
    Random random(6);
    int refused = 0;
    for (int i = 0; i < 3'000; ++i) {
        std::string text = encode(ended());
        for (int k = 0; k < 3; ++k) text[random.below(text.size())] = static_cast<char>(random.below(256));
        if (!decode_chain(text, "f")) ++refused;
    }
    CHECK(refused > 1'000);
}

}  // namespace
}  // namespace euromesh::federation
