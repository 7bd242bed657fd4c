#include "federation/core/views.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("members see their project's work, others see nothing of it") {
    TestFederation f;
    const Tables& tables = f.core.tables();
    const std::string first = f.placed(f.spec()), second = f.submit(f.spec());
    const auto job = view_job(tables, f.alice, first);
    REQUIRE(job);
    CHECK((*job)["claims"].size() == 1);
    CHECK((*job)["claims"][0]["state"] == "offered");
    CHECK(view_job(tables, f.bob, first).error().message ==
          "job '" + first + "': there is none that you may see");
    CHECK(view_job(tables, f.bob, "j999").error().code == view_job(tables, f.bob, first).error().code);
    CHECK(view_job(tables, f.admin, first));
    CHECK(!view_jobs(tables, f.bob, "p1", 0, 10));
    CHECK(!view_allocations(tables, f.bob, "p1", f.now_ms));
    CHECK(view_projects(tables, f.bob).empty());
    CHECK(view_projects(tables, f.alice).size() == 1);
    CHECK(view_allocations(tables, f.alice, "p1", f.now_ms)->at(0)["forecast"].size() == 2);
    CHECK(view_sites(tables).size() == 3);
    CHECK(!view_sites(tables)[0].contains("journal"));
}

TEST_CASE("pages run from the newest job to the oldest") {
    TestFederation f;
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(f.submit(f.spec()));
    const auto page = view_jobs(f.core.tables(), f.alice, "p1", 0, 2);
    REQUIRE(page);
    CHECK((*page)["jobs"][0]["id"] == ids[2]);
    const auto rest = view_jobs(f.core.tables(), f.alice, "p1", (*page)["next"].get<std::int64_t>(), 2);
    REQUIRE(rest);
    CHECK((*rest)["jobs"].size() == 1);
    CHECK((*rest)["jobs"][0]["id"] == ids[0]);
    CHECK((*rest)["next"] == 0);
}

TEST_CASE("applications are seen by their project and by reviewers, with their clock") {
    TestFederation f;
    f.must(f.alice, Apply{"p1", "large", "ju", 1000, ""});
    CHECK(view_applications(f.core.tables(), f.bob, f.now_ms).empty());
    CHECK(view_applications(f.core.tables(), f.alice, f.now_ms)[0]["overdue"] == false);
    CHECK(view_applications(f.core.tables(), f.admin, f.now_ms + 15ll * 86400 * 1000)[0]["overdue"] == true);
}

}  // namespace
}  // namespace euromesh::federation
