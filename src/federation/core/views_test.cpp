#include "federation/core/views.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("members see their project's work, others see nothing of it") {
    TestFederation f;
    const Tables& tables = f.core.tables();
    const std::string first = f.placed(f.spec()), second = f.submit(f.spec());
    CHECK(visible_job(tables, f.alice, first).value()->id == first);
    CHECK(visible_job(tables, f.bob, first).error().message == "no job '" + first + "' of yours");
    CHECK(visible_job(tables, f.bob, "j999").error().code == visible_job(tables, f.bob, first).error().code);
    CHECK(visible_job(tables, f.admin, first));
    CHECK(!view_allocations(tables, f.bob, "p1", f.now_ms));
    CHECK(view_projects(tables, f.bob).empty());
    CHECK(view_projects(tables, f.alice).size() == 1);
    CHECK(view_allocations(tables, f.alice, "p1", f.now_ms)->at(0)["forecast"].size() == 2);
    CHECK(view_sites(tables).size() == 3);
    CHECK(!view_sites(tables)[0].contains("journal"));
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
