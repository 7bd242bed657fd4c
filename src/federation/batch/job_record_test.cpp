#include "federation/batch/job_record.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

StartRecord start_record() {
    return {.job = {.marker = "claim-1",
                    .executable = "/bin/echo",
                    .arguments = {"a b", "", "ä"},
                    .environment = {{"A", "1"}, {"B", "x=y"}},
                    .directory = "/tmp",
                    .stdout_path = "/tmp/o",
                    .stderr_path = "",
                    .duration_ms = 60'000,
                    .resources = {.nodes = 1, .processes = 2, .gpus = 3},
                    .queue = "gpu",
                    .account = "p1",
                    .warn_ms = 5'000,
                    .files = {{"run.toml", "[run]\nname = \"ä\"\n"}},
                    .resumes = true,
                    .after_marker = "claim-0"},
            .order = 17,
            .submitted_ms = 1'795'000'000'000,
            .grace_ms = 5000,
            .output_most_bytes = 1000};
}

EndRecord end_record() {
    return {.state = BatchState::ended,
            .cause = EndCause::time_limit,
            .exit_status = 143,
            .message = "over",
            .started_ms = 5,
            .ended_ms = 9,
            .usage = {4, 3, 2},
            .dropped_bytes = {7, 8}};
}

TEST_CASE("records come back as they went") {
    const StartRecord start = decode_start(encode(start_record()), "f").value();
    CHECK(start.job == start_record().job);
    CHECK(start.order == 17);
    CHECK(start.grace_ms == 5000);
    CHECK(start.output_most_bytes == 1000);
    CHECK(decode_placed(encode(PlacedRecord{{0, 3}}), "f").value().gpus == std::vector<std::int64_t>{0, 3});
    const RunningRecord running{{4711, 4700, 99, "boot"}, 5};
    CHECK(decode_running(encode(running), "f").value().process == running.process);
    const EndRecord end = decode_end(encode(end_record()), "f").value();
    CHECK(end.cause == EndCause::time_limit);
    CHECK(end.exit_status == 143);
    CHECK(end.usage.cpu_ms == 3);
    CHECK(end.dropped_bytes[1] == 8);
}

TEST_CASE("a record of a job from before warnings, files and chains is read") {
    std::string text = encode(start_record());
    for (const std::string_view field :
         {R"("after_marker":"claim-0",)", R"("resumes":true,)", R"("warn_ms":5000,)",
          R"("files":{"run.toml":"[run]\nname = \"ä\"\n"},)"}) {
        const std::size_t at = text.find(field);
        const bool is_last = at == std::string::npos;
        const std::string wanted =
            is_last ? "," + std::string(field.substr(0, field.size() - 1)) : std::string(field);
        REQUIRE(text.find(wanted) != std::string::npos);
        text.erase(text.find(wanted), wanted.size());
    }
    const StartRecord read = decode_start(text, "f").value();
    CHECK(read.job.executable == "/bin/echo");
    CHECK(read.job.warn_ms == 0);
    CHECK(read.job.files.empty());
    CHECK_FALSE(read.job.resumes);
}

TEST_CASE("what is not as it was written is damage, with its place") {
    for (const char* text : {"", "[]", "{", "{}", R"({"version":1})", R"({"version":0,"gpus":[]})",
                             R"({"version":1,"gpus":[-1]})", R"({"version":1,"gpus":{}})"}) {
        const auto record = decode_placed(text, "placed/x");
        REQUIRE_FALSE(record.has_value());
        CHECK(record.error().code == Code::corrupted);
        CHECK(record.error().message.starts_with("placed/x: "));
    }
    EndRecord end = end_record();
    end.state = BatchState::running;
    CHECK_FALSE(decode_end(encode(end), "f").has_value());
    CHECK_FALSE(decode_running(encode(RunningRecord{{1, 1, 1, ""}, 0}), "f").has_value());
    StartRecord start = start_record();
    start.job.marker = "../x";
    CHECK_FALSE(decode_start(encode(start), "f").has_value());
}

TEST_CASE("a newer program's record is left alone") {
    const auto record = decode_placed(R"({"version":2,"gpus":[]})", "f");
    REQUIRE_FALSE(record.has_value());
    CHECK(record.error().code == Code::refused);
}

TEST_CASE("any change of bytes is read or refused, never a crash") {
    Random random(5);
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string start = encode(start_record()), end = encode(end_record());
        for (int k = 0; k < 3; ++k) {
            start[random.below(start.size())] = static_cast<char>(random.below(256));
            end[random.below(end.size())] = static_cast<char>(random.below(256));
        }
        if (!decode_start(start, "f")) ++refused;
        if (!decode_end(end, "f")) ++refused;
        (void)decode_running(start, "f");
    }
    CHECK(refused > 1000);
}

TEST_CASE("a job's end is the same after it was a record") {
    BatchJob job{.marker = "m", .native_id = "7"};
    job.state = BatchState::ended;
    job.cause = EndCause::time_limit;
    job.message = "too long";
    job.started_ms = 5;
    job.ended_ms = 9;
    job.usage = {4, 3, 2};
    BatchJob again{.marker = "m", .native_id = "7"};
    take_end(again, decode_end(encode(end_of(job)), "f").value());
    CHECK(again == job);
    CHECK_FALSE(again.exit_status.has_value());
    job.exit_status = 0;
    take_end(again, end_of(job));
    CHECK(again.exit_status == 0);
}

TEST_CASE("output is read from any place, and what is not there is nothing") {
    const os::Path path =
        std::filesystem::temp_directory_path() / ("em-output-" + std::to_string(::getpid()));
    CHECK(read_output(path, 0, 100).value().size == 0);
    REQUIRE(os::write_file_atomically(path, "0123456789"));
    const OutputPart part = read_output(path, 4, 3).value();
    CHECK(part.bytes == "456");
    CHECK(part.size == 10);
    CHECK(read_output(path, 8, 100).value().bytes == "89");
    CHECK(read_output(path, 10, 100).value().bytes.empty());
    CHECK(read_output(path, 11, 100).value().size == 10);
    std::filesystem::remove(path);
}

TEST_CASE("messages are printable and short") {
    CHECK(as_message("no\nsuch \xff") == "no?such ?");
    CHECK(as_message(std::string(900, 'x')).size() == 500);
}

}  // namespace
}  // namespace euromesh::federation
