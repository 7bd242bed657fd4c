#include "federation/service/visibility.hpp"

#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {
namespace {

Happening happening(Audience audience, const std::string& project = {}) {
    Happening made;
    made.audience = audience;
    made.project = project;
    return made;
}

TEST_CASE("an account is issuer and subject; groups and scopes come by their names") {
    Principal principal;
    principal.issuer = test_issuer;
    principal.subject = "ada";
    principal.name = "root";  // names identify nobody
    principal.scopes = {Scope::compute_read, Scope::allocation_apply};
    principal.groups = {*parse_group("urn:geant:example.eu:group:reef:divers#authority.eu")};
    const Actor actor = actor_of(principal);
    CHECK(actor.account == "https://issuer.example|ada");
    CHECK(actor.groups == std::vector<std::string>{"reef/divers"});
    CHECK(actor.scopes == std::vector<std::string>{"compute.read", "allocation.apply"});
    CHECK(actor.site.empty());
}

TEST_CASE("members see their project, by account or by group; administrators all; nobody else any") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    ProjectRecord project = project_of("lake", "eve");
    project.groups = {"lake/divers"};
    must_ask(*coordinator, person("root"), SetProject{project});
    Actor diver = person("somebody");
    diver.groups = {"lake/divers"};
    coordinator->read([&](const Core& core) {
        const Tables& tables = core.tables();
        CHECK(may_see(tables, person("ada"), "reef"));
        CHECK_FALSE(may_see(tables, person("ada"), "dune"));
        CHECK(may_see(tables, diver, "lake"));
        CHECK_FALSE(may_see(tables, diver, "reef"));
        CHECK(may_see(tables, person("root"), "reef"));
        CHECK_FALSE(may_see(tables, person("root"), "no-such"));
        CHECK_FALSE(may_see(tables, Actor{}, "reef"));
        CHECK(is_reviewer(tables, person("root")));
        CHECK_FALSE(is_reviewer(tables, person("ada")));
        return 0;
    });
}

TEST_CASE("happenings reach whom they are for") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    coordinator->read([&](const Core& core) {
        const Tables& tables = core.tables();
        for (const char* who : {"ada", "bo", "root"}) {
            const Actor actor = person(who);
            const bool is_root = actor.account == person("root").account;
            CHECK(sees(tables, actor, happening(Audience::everybody)));
            CHECK(sees(tables, actor, happening(Audience::administrators)) == is_root);
            CHECK(sees(tables, actor, happening(Audience::project, "reef")) == (is_root || who[0] == 'a'));
            CHECK_FALSE(sees(tables, actor, happening(Audience::project)));
        }
        return 0;
    });
}

TEST_CASE("a job that is hidden and one that is not there are the same to a stranger") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    const std::string job = world.submit(*coordinator);
    coordinator->read([&](const Core& core) {
        CHECK(visible_job(core.tables(), person("ada"), job).value()->id == job);
        CHECK(visible_job(core.tables(), person("root"), job));
        CHECK(visible_job(core.tables(), person("bo"), job).error().code == Code::not_found);
        CHECK(visible_job(core.tables(), person("ada"), "j4711").error().code == Code::not_found);
        return 0;
    });
}

}  // namespace
}  // namespace euromesh::federation
