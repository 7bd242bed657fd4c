#include "federation/batch/batch_system.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

JobStart good() {
    return {.marker = "claim-1", .executable = "/bin/true", .duration_ms = 1000};
}

std::string complaint(const JobStart& job) {
    const Status checked = check(job);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Code::bad_input);
    return checked.error().message;
}

TEST_CASE("a job that says what is needed passes") {
    CHECK(check(good()).has_value());
    JobStart job = good();
    job.environment = {{"_A1", "x=y"}};
    job.directory = "/tmp";
    CHECK(check(job).has_value());
}

TEST_CASE("markers are names of files that cannot lead elsewhere") {
    for (const char* text : {"a", "claim-1", "C_1.2", "0"}) CHECK(is_marker(text));
    for (const char* text : {"", ".", "..", ".hidden", "a/b", "a b", "ä"}) CHECK_FALSE(is_marker(text));
    CHECK(is_marker(std::string(64, 'm')));
    CHECK_FALSE(is_marker(std::string(65, 'm')));
}

TEST_CASE("what is wrong with a job is named") {
    JobStart job = good();
    job.duration_ms = 0;
    CHECK(complaint(job).find("duration of 0 ms") != std::string::npos);
    job = good();
    job.executable.clear();
    CHECK(complaint(job).find("no executable") != std::string::npos);
    job = good();
    job.directory = "here";
    CHECK(complaint(job).find("directory") != std::string::npos);
    job = good();
    job.resources.nodes = 0;
    CHECK(complaint(job).find("0 nodes") != std::string::npos);
    job = good();
    job.resources.gpus = -1;
    CHECK(complaint(job).find("-1 gpus") != std::string::npos);
}

TEST_CASE("bytes that the kernel would misread are refused") {
    JobStart job = good();
    job.arguments = {std::string("a\0b", 3)};
    CHECK(complaint(job).find("byte zero") != std::string::npos);
    job = good();
    job.arguments = {"\xff"};
    CHECK(complaint(job).find("UTF-8") != std::string::npos);
    job = good();
    job.environment = {{"A=B", "c"}};
    CHECK(complaint(job).find("environment") != std::string::npos);
    job = good();
    job.environment = {{"1A", "c"}};
    CHECK(complaint(job).find("environment") != std::string::npos);
    job = good();
    job.arguments.assign(3, std::string(100'000, 'x'));
    CHECK(complaint(job).find("at most") != std::string::npos);
}

TEST_CASE("every state has its own name") {
    CHECK(name_of(BatchState::lost) == "lost");
    CHECK(name_of(EndCause::time_limit) == "time_limit");
}

}  // namespace
}  // namespace euromesh::federation
