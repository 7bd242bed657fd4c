#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("the same key and body give the same job, another body is a conflict") {
    TestFederation f;
    const std::string id = f.submit(f.spec(), "key");
    const auto again = f.must(f.alice, Submit{f.spec(), "key", ""});
    CHECK(again.events.empty());
    CHECK(again.answer["job"] == id);
    CHECK(f.run(f.alice, Submit{f.spec(2), "key", ""}).error().code == Code::conflict);
    CHECK(f.submit(f.spec(), "other") != id);
    CHECK(f.error(f.alice, Submit{f.spec(), std::string(256, 'k'), ""}).find("at most 255") !=
          std::string::npos);
}

TEST_CASE("refusals name the rule, and nobody sees another project's work") {
    TestFederation f;
    CHECK(f.error(f.bob, Submit{f.spec(), "", ""}) == "project 'p1': there is none that you are a member of");
    const std::string id = f.submit(f.spec());
    CHECK(f.error(f.bob, Cancel{id, ""}) == "job '" + id + "': there is none that you may see");
    auto spec = f.spec();
    spec.project = "";
    CHECK(f.submit(spec) != id);
    CHECK(f.error(f.bob, Submit{spec, "", ""}).find("member of no project") != std::string::npos);
    TestFederation poor(0);
    CHECK(poor.error(poor.alice, Submit{poor.spec(), "", ""}).find("apply for access first") !=
          std::string::npos);
    spec.data = {"none"};
    CHECK(f.error(f.alice, Submit{spec, "", ""}).find("data set 'none'") != std::string::npos);
}

TEST_CASE("a waiting job is cancelled at once, a placed one when its site says so") {
    TestFederation f;
    const std::string waiting = f.submit(f.spec());
    CHECK(f.must(f.alice, Cancel{waiting, ""}).answer["state"] == "cancelled");
    CHECK(f.must(f.alice, Cancel{waiting, ""}).events.empty());
    const std::string id = f.placed(f.spec());
    const std::string site = f.claim(id).site;
    CHECK(f.must(f.alice, Cancel{id, ""}).answer["state"] == "cancelling");
    CHECK(f.core.orders_for(site, {}).cancel.size() == 1);
    CHECK(f.core.orders_for(site, {}).start.empty());
    CHECK(f.allocation().held > 0);
    f.report(site, {{f.claim(id).id, "cancelled", 0, 0, 0, 0, ""}});
    CHECK(f.job(id).state == "cancelled");
    CHECK(f.allocation().held == 0);
    CHECK(f.allocation().used == 0);
}

TEST_CASE("an administrator settles what a site will not report") {
    TestFederation f;
    const std::string id = f.placed(f.spec());
    CHECK(f.error(f.alice, Settle{f.claim(id).id, ""}).find("only administrators") != std::string::npos);
    f.must(f.admin, Settle{f.claim(id).id, "site burnt down"});
    CHECK(f.job(id).state == "lost");
    CHECK(f.job(id).words == "site burnt down");
    CHECK(f.allocation().held == 0);
}

}  // namespace
}  // namespace euromesh::federation
