#include "federation/batch/slurm_rest_wire.hpp"

#include <doctest/doctest.h>

#include "base/base64.hpp"
#include "base/json.hpp"

namespace euromesh::federation {
namespace {

// Answers of slurmrestd 22.05.8, shortened.
constexpr const char* no_partition =
    R"({"meta":{},"errors":[{"error_code":2000,"error":"Invalid partition name specified"}]})";
constexpr const char* no_job =
    R"({"errors":[{"description":"Unable to find JobId=9","error_number":2017,"error":"Invalid job id specified"}],"jobs":[]})";
constexpr const char* two_jobs =
    R"({"errors":[],"jobs":[{"job_id":13,"name":"m~1","user_name":"a","job_state":"FAILED","state_reason":"NonZeroExitCode",
    "current_working_directory":"/w/m","submit_time":10,"start_time":11,"end_time":12,"exit_code":19200,"nice":null},
    {"job_id":14,"user_name":"b","job_state":"RUNNING"},{"job_id":"x","user_name":"a"},7,
    {"job_id":15,"user_name":"a","job_state":"PENDING","state_reason":"Resources","start_time":99,"end_time":199}]})";

TEST_CASE("REST: what really happened is in the list of errors, whatever the status") {
    for (const int status : {200, 500}) {
        CHECK(parse_rest_submitted(status, no_partition).error().code == Code::refused);
        CHECK(parse_rest_submitted(status, no_partition).error().message ==
              "Invalid partition name specified");
        CHECK(parse_rest_status(status, no_job).error().code == Code::not_found);
    }
    CHECK(parse_rest_submitted(200, R"({"errors":[],"job_id":13})").value() == "13");
    CHECK(parse_rest_submitted(200, R"({"errors":[]})").error().code == Code::unavailable);
    // Without a reason nobody knows whether it took effect.
    CHECK(parse_rest_submitted(500, "Authentication failure").error().code == Code::unavailable);
    CHECK(parse_rest_submitted(500, "").error().message.find("'sun'") != std::string::npos);
    CHECK(parse_rest_status(401, "Authentication failure").error().message.find("token") !=
          std::string::npos);
    CHECK(parse_rest_status(200, "").has_value());
    CHECK(parse_rest_submitted(
              500, R"({"errors":[{"error":"Unspecified error"}],"job_submit_user_msg":"no hours left"})")
              .error()
              .message == "Unspecified error; no hours left");
}

TEST_CASE("REST: jobs of this user, and how they ended") {
    const auto jobs = parse_rest_jobs(200, two_jobs, "a");
    REQUIRE(jobs.has_value());
    REQUIRE(jobs->size() == 2);
    CHECK(jobs->front().state == SlurmState::failed);
    CHECK(jobs->front().exit_status == 75);
    CHECK(jobs->front().exit_signal == 0);
    CHECK(jobs->front().ended_ms == 12'000);
    CHECK(jobs->back().words == "PENDING: Resources");
    CHECK(jobs->back().ended_ms == 0);
    CHECK_FALSE(parse_rest_jobs(200, R"({"jobs":7})", "a").has_value());
}

// The same two jobs as later versions tell of them, written after their published OpenAPI documents
// (job_info of v0.0.39, v0.0.40, v0.0.41; process_exit_code_verbose; uint64_no_val). Not taken from servers.
constexpr const char* jobs_39 =
    R"({"meta":{"plugin":{"type":"openapi/v0.0.39"}},"errors":[],"warnings":[],"jobs":[{"job_id":13,"name":"m~1","user_name":"a",
    "job_state":"FAILED","state_reason":"NonZeroExitCode","current_working_directory":"/w/m","submit_time":10,"start_time":11,
    "end_time":12,"exit_code":{"set":true,"infinite":false,"number":19200}},
    {"job_id":15,"user_name":"a","job_state":"PENDING","state_reason":"Resources","start_time":99,"end_time":0,
    "exit_code":{"set":false,"infinite":false,"number":0}}]})";
constexpr const char* jobs_40 =
    R"({"meta":{"plugin":{"type":"openapi/slurmctld","data_parser":"data_parser/v0.0.40"}},"errors":[],"warnings":[],
    "last_update":{"set":true,"infinite":false,"number":100},"jobs":[{"job_id":13,"name":"m~1","user_name":"a",
    "job_state":["FAILED"],"state_reason":"NonZeroExitCode","current_working_directory":"/w/m",
    "submit_time":{"set":true,"infinite":false,"number":10},"start_time":{"set":true,"infinite":false,"number":11},
    "end_time":{"set":true,"infinite":false,"number":12},"exit_code":{"status":["ERROR"],
    "return_code":{"set":true,"infinite":false,"number":75},"signal":{"id":{"set":false,"infinite":false,"number":0},"name":""}}},
    {"job_id":15,"user_name":"a","job_state":["PENDING"],"state_reason":"Resources",
    "start_time":{"set":true,"infinite":false,"number":99},"end_time":{"set":false,"infinite":false,"number":0}}]})";

TEST_CASE("REST: later versions tell the same in other shapes") {
    const auto plain = parse_rest_jobs(200, two_jobs, "a");
    for (const char* text : {jobs_39, jobs_40}) {
        const auto jobs = parse_rest_jobs(200, text, "a");
        REQUIRE(jobs.has_value());
        REQUIRE(jobs->size() == 2);
        for (std::size_t i = 0; i < 2; ++i) {
            const SlurmJob &one = (*jobs)[i], &right = (*plain)[i];
            CHECK(one.id == right.id);
            CHECK(one.state == right.state);
            CHECK(one.words == right.words);
            CHECK(one.submitted_ms == right.submitted_ms);
            CHECK(one.started_ms == right.started_ms);
            CHECK(one.ended_ms == right.ended_ms);
            CHECK(one.exit_status == right.exit_status);
            CHECK(one.exit_signal == right.exit_signal);
        }
    }
}

SlurmJob one_job(const std::string& fields) {
    const auto jobs =
        parse_rest_jobs(200, R"({"errors":[],"jobs":[{"job_id":1,"user_name":"a",)" + fields + "}]}", "a");
    REQUIRE(jobs.has_value());
    REQUIRE(jobs->size() == 1);
    return jobs->front();
}

TEST_CASE("REST: lists of states, signals, and what cannot be") {
    CHECK(one_job(R"("job_state":["COMPLETED","COMPLETING"])").state == SlurmState::completing);
    CHECK(one_job(R"("job_state":["RUNNING","CONFIGURING"])").state == SlurmState::active);
    CHECK(one_job(R"("job_state":["CANCELLED","REQUEUED"])").state == SlurmState::pending);
    CHECK(one_job(R"("job_state":["NODE_FAIL"])").words == "NODE_FAIL");
    CHECK(one_job(R"("job_state":[])").state == SlurmState::active);
    CHECK(one_job(R"("job_state":[7,{}])").state == SlurmState::active);
    const SlurmJob killed = one_job(
        R"("job_state":["FAILED"],"exit_code":{"return_code":{"set":false},"signal":{"id":{"set":true,"number":9}}})");
    CHECK(killed.exit_signal == 9);
    CHECK(killed.exit_status == 0);
    const SlurmJob odd = one_job(
        R"("job_state":["FAILED"],"end_time":{"set":"x","number":5},"exit_code":{"return_code":{"set":true,"number":-4},"signal":7})");
    CHECK(odd.ended_ms == 0);
    CHECK(odd.exit_status == 0);
}

const RestVersion& version_called(std::string_view name) {
    for (const RestVersion& version : rest_versions())
        if (version.name == name) return version;
    FAIL("no such version");
    return rest_versions().front();
}

TEST_CASE("REST: the newest version that both know is spoken; without one the words say what there is") {
    const auto chosen = [](const char* body) { return choose_rest_version(200, body); };
    CHECK((*chosen(R"({"paths":{"/openapi":{},"/slurm/v0.0.36/jobs":{},"/slurm/v0.0.38/jobs":{}}})"))->name ==
          "v0.0.38");
    CHECK((*chosen(
               R"({"paths":{"/slurm/v0.0.40/jobs/":{},"/slurm/v0.0.39/jobs":{},"/slurm/v0.0.99/jobs":{}}})"))
              ->name == "v0.0.40");
    const auto none = chosen(R"({"paths":{"/slurm/v0.0.99/jobs":{},"/slurmdb/v0.0.38/jobs":{}}})");
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().code == Code::refused);
    CHECK(none.error().message.find("offers v0.0.99; this program speaks v0.0.41") != std::string::npos);
    CHECK(chosen(R"({"paths":7})").error().code == Code::unavailable);
    CHECK(choose_rest_version(401, "Authentication failure").error().code == Code::unavailable);
}

TEST_CASE("REST: a submission in the words of each version") {
    SlurmSubmission wanted{.marker = "m~1", .folder = "/w/m", .script = "#!/bin/sh\n", .minutes = 5};
    wanted.resources = {.nodes = 2, .processes = 3, .gpus = 4};
    wanted.partition = "batch";
    wanted.after_id = "12";
    const auto body = [&](std::string_view name) {
        return parse_json(rest_submission(wanted, version_called(name))).value();
    };
    const Json old = body("v0.0.38"), middle = body("v0.0.39"), late = body("v0.0.41");
    for (const Json& one : {old, middle, late}) {
        CHECK(one["job"]["name"] == "m~1");
        CHECK(one["job"]["requeue"] == false);
        CHECK(one["job"]["tasks_per_node"] == 3);
        CHECK(one["job"]["nodes"] == "2");
        CHECK(one["job"]["dependency"] == "afternotok:12");
        CHECK_FALSE(one["job"].contains("account"));
    }
    CHECK(old["script"] == "#!/bin/sh\n");
    CHECK(old["job"]["time_limit"] == 5);
    CHECK(old["job"]["environment"]["LANG"] == "C.UTF-8");
    CHECK(old["job"]["tres_per_node"] == "gres:gpu:4");
    CHECK(middle["script"] == "#!/bin/sh\n");
    CHECK(middle["job"]["environment"][1] == "LANG=C.UTF-8");
    CHECK(late["job"]["script"] == "#!/bin/sh\n");
    CHECK_FALSE(late.contains("script"));
    CHECK(late["job"]["time_limit"] == Json{{"set", true}, {"infinite", false}, {"number", 5}});
    CHECK(late["job"]["tres_per_node"] == "gres/gpu:4");
}

std::string token_of(const std::string& claims) {
    std::string part = to_base64(claims);
    for (char& c : part) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return "eyJhbGciOiJIUzI1NiJ9." + part.substr(0, part.find('=')) + ".c2lnbmF0dXJl";
}

TEST_CASE("a token says what is wrong with it") {
    const auto trouble = [](const std::string& claims) {
        return trouble_of_token(token_of(claims), "a", 1000);
    };
    CHECK_FALSE(trouble(R"({"exp":2000,"sun":"a"})"));
    CHECK_FALSE(trouble(R"({"exp":2000,"username":"a"})"));
    CHECK_FALSE(trouble_of_token("opaque", "a", 1000));
    CHECK_FALSE(trouble_of_token("a.%%%.b", "a", 1000));
    const auto none = trouble(R"({"exp":2000,"iat":1})");
    REQUIRE(none);
    CHECK(none->for_good);
    CHECK(none->words.find("claim 'sun'") != std::string::npos);
    const auto other = trouble(R"({"exp":2000,"sun":"b"})");
    REQUIRE(other);
    CHECK(other->words.find("of user 'b'") != std::string::npos);
    const auto old = trouble(R"({"exp":999,"sun":"a"})");
    REQUIRE(old);
    CHECK_FALSE(old->for_good);
    CHECK(old->words.find("1970-01-01T00:16:39") != std::string::npos);
}

TEST_CASE("a token's trouble explains silence, and never a clear word") {
    const TokenTrouble lacks{"it lacks 'sun'", true}, old{"it is old", false};
    const Error silence{Code::unavailable, "Zero Bytes"}, no{Code::refused, "Invalid partition"},
        vague{Code::refused, "Unspecified error (Failed while looking for jobs)"};
    CHECK(with_token_trouble(silence, lacks).code == Code::refused);
    CHECK(with_token_trouble(silence, lacks).message == "it lacks 'sun'; Slurm: Zero Bytes");
    CHECK(with_token_trouble(vague, old).code == Code::unavailable);
    CHECK(with_token_trouble(no, lacks).message == "Invalid partition");
    CHECK(with_token_trouble(silence, std::nullopt).message == "Zero Bytes");
}

}  // namespace
}  // namespace euromesh::federation
