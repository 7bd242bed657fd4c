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
    for (const char* text : {"a", "claim-1", "C_1.2", "0", "claim~2"}) CHECK(is_marker(text));
    for (const char* text : {"", ".", "..", ".hidden", "~user", "a/b", "a b", "ä"})
        CHECK_FALSE(is_marker(text));
    CHECK(is_marker(std::string(64, 'm')));
    CHECK_FALSE(is_marker(std::string(65, 'm')));
}

TEST_CASE("a warning comes before the end, and a job after another one") {
    JobStart job = good();
    job.warn_ms = job.duration_ms - 1;
    job.after_marker = "claim-0";
    CHECK(check(job).has_value());
    job.warn_ms = job.duration_ms;
    CHECK(complaint(job).find("a warning 1000 ms before the end") != std::string::npos);
    job.warn_ms = -1;
    CHECK(complaint(job).find("a warning -1 ms") != std::string::npos);
    job = good();
    for (const std::string& marker : {job.marker, std::string("../x")}) {
        job.after_marker = marker;
        CHECK(complaint(job).find("after another one") != std::string::npos);
    }
}

TEST_CASE("files of a job lie in its directory and nowhere else, and have a limit") {
    JobStart job = good();
    job.files = {{"run.toml", "ä"}, {"site_a.pem", std::string(job_files_most_bytes - 20, 'x')}};
    CHECK(check(job).has_value());
    job.files["more"] = "abcd";
    CHECK(complaint(job).find("files of") != std::string::npos);
    for (const char* name : {"", "../x", "a/b", ".profile", "a b"}) {
        job.files = {{name, ""}};
        CHECK(complaint(job).find("the name of a file") != std::string::npos);
    }
    for (const std::string& text : {std::string("\xff"), std::string(1, '\0')}) {
        job.files = {{"a", text}};
        CHECK(complaint(job).find("file a") != std::string::npos);
    }
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
