#include "federation/service/run_diary.hpp"

#include <doctest/doctest.h>

#include "federation/identity/folder_for_test.hpp"

namespace euromesh::federation {
namespace {

BatchJob allocation(int number, std::int64_t from_ms, std::int64_t until_ms = 0, const char* words = "") {
    BatchJob made;
    made.marker = fmt::format("c1~{}", number);
    made.native_id = std::to_string(100 + number);
    made.started_ms = from_ms;
    made.ended_ms = until_ms;
    made.message = words;
    made.state = until_ms > 0 ? BatchState::ended : from_ms > 0 ? BatchState::running : BatchState::queued;
    if (until_ms > 0) made.cause = EndCause::interrupted;
    return made;
}

BatchJob claim(std::vector<BatchJob> allocations) {
    BatchJob made;
    made.marker = "c1";
    made.state = BatchState::running;
    made.started_ms = 1000;
    made.allocations = std::move(allocations);
    return made;
}

std::string kinds_of(const std::vector<RunHappening>& all) {
    std::string kinds;
    for (const RunHappening& one : all)
        kinds += fmt::format("{}:{}-{} ", one.kind, one.from_ms, one.until_ms);
    return kinds;
}

TEST_CASE("allocations, and the waits between them with the scheduler's reason") {
    const FolderForTest folder("run-diary");
    RunDiary diary(folder.path() / "diary.json");
    diary.see({claim({allocation(1, 1000)})}, 1500);
    CHECK(kinds_of(diary.of(claim({allocation(1, 1000)}))) == "allocation:1000-0 ");
    const BatchJob ended = allocation(1, 1000, 4000, "cancelled at the site");
    diary.see({claim({ended, allocation(2, 0, 0, "waits; Slurm: PENDING: Resources")})}, 5000);
    const BatchJob again = claim({ended, allocation(2, 7000)});
    diary.see({again}, 7200);
    const auto all = diary.of(again);
    CHECK(kinds_of(all) == "allocation:1000-4000 waiting:4000-7000 allocation:7000-0 ");
    CHECK(all[0].words == "cancelled at the site");
    CHECK(all[0].id == "101");
    CHECK(all[1].words == "waits; Slurm: PENDING: Resources");
    CHECK(all[2].number == 2);
    BatchJob never = allocation(3, 0, 9000, "it could not write in its folder");
    CHECK(kinds_of(diary.of(claim({never}))).find("allocation:9000-9000") != std::string::npos);
    never.state = BatchState::cancelled;
    CHECK(kinds_of(diary.of(claim({never}))).find("allocation") == std::string::npos);
}

TEST_CASE("what lasts is told with its beginning; what follows closely is the same") {
    const FolderForTest folder("run-diary");
    RunDiary diary(folder.path() / "diary.json");
    diary.see({claim({})}, 1);
    diary.begin("coordinator-away", 2000, "no route");
    diary.begin("coordinator-away", 3000, "again");
    CHECK(kinds_of(diary.of(claim({}))) == "coordinator-away:2000-0 ");
    diary.end("coordinator-away", 5000);
    diary.end("coordinator-away", 6000);
    diary.note("coordinator-away", 7500, 9000, "slow");
    diary.note("coordinator-away", 20000, 21000, "slow");
    CHECK(kinds_of(diary.of(claim({}))) == "coordinator-away:2000-9000 coordinator-away:20000-21000 ");
    CHECK(diary.of(claim({}))[0].words == "no route");
    diary.see({}, 22000);
    CHECK(diary.of(claim({})).empty());
}

TEST_CASE("a later life knows all of it, and that it was away") {
    const FolderForTest folder("run-diary");
    const os::Path file = folder.path() / "diary.json";
    {
        RunDiary diary(file);
        diary.keep(500);
        CHECK_FALSE(std::filesystem::exists(file));
        diary.see({claim({})}, 1000);
        diary.note("scheduler-silent", 1000, 2000, "x");
        diary.begin("coordinator-away", 8000, "y");
        diary.keep(9000);
    }
    RunDiary diary(file);
    diary.read(30000);
    CHECK(kinds_of(diary.of(claim({}))) ==
          "scheduler-silent:1000-2000 coordinator-away:8000-9000 agent-away:9000-30000 ");
    REQUIRE(os::write_file_atomically(file, "{\"last_ms\":1,\"claims\":{\"c1\":[{\"kind\":7}],\"..\":[]}}"));
    RunDiary damaged(file);
    damaged.read(5);
    CHECK(damaged.of(claim({})).empty());
}

TEST_CASE("a disk without room is told as soon as there is room again") {
    RunDiary diary("/dev/full/diary.json");
    diary.see({claim({})}, 1);
    diary.begin("disk-full", 2, "no room");
    diary.keep(3);
    CHECK(kinds_of(diary.of(claim({}))) == "disk-full:2-0 ");
}

TEST_CASE("how an allocation ended, in words") {
    BatchJob one = allocation(1, 5, 9, "");
    CHECK(allocation_words(one) == "interrupted");
    one.message = "requeued at the site; Slurm: CANCELLED";
    CHECK(allocation_words(one) == "requeued at the site; Slurm: CANCELLED");
    one.message.clear();
    one.cause = EndCause::exit;
    one.exit_status = 75;
    CHECK(allocation_words(one) == "left in order, to go on in another one");
    one.exit_status = 0;
    CHECK(allocation_words(one) == "finished");
    one.exit_status = 3;
    CHECK(allocation_words(one) == "ended with status 3");
    one.cause = EndCause::none;
    one.state = BatchState::lost;
    CHECK(allocation_words(one) == "lost");
    CHECK(allocation_words(allocation(1, 5)) == "goes on");
}

}  // namespace
}  // namespace euromesh::federation
