#include "federation/service/happening.hpp"

#include <map>

#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {
namespace {

// All that happened, as it is told later, by type.
std::multimap<std::string, Happening> happenings(const Coordinator& coordinator) {
    std::multimap<std::string, Happening> all;
    const std::vector<std::string> entries = coordinator.entries(0, 1000).value();
    for (const std::string& entry : entries) {
        const Event event = decode_event(entry).value();
        coordinator.read([&](const Core& core) {
            const Happening made = happening_of(event, core.tables());
            CHECK(made.text == entry);
            CHECK(made.seq == event.seq);
            return all.emplace(made.type, made);
        });
    }
    return all;
}

TEST_CASE("each kind of event has its audience: everybody, one project, or administrators") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    REQUIRE(report(*coordinator, "site-a", {"journal-1", -1, {}}));
    Apply apply;
    apply.project = "reef";
    apply.tier = "aif-playground";
    apply.amount = 1000;
    must_ask(*coordinator, person("ada"), apply);
    RegisterData data;
    data.data.id = "corpus";
    data.data.project = "reef";
    must_ask(*coordinator, person("ada"), data);
    must_ask(*coordinator, person("ada"), SeeAccount{});
    const std::string job = world.submit(*coordinator);
    REQUIRE(eventually([&] { return state_of(*coordinator, job) == "placed"; }));
    REQUIRE(report(*coordinator, "site-a", {"journal-1", -1, {}}));
    must_ask(*coordinator, person("ada"), Cancel{job, ""});
    must_ask(*coordinator, person("root"), SetSiteState{"site-a", "draining", ""});

    const auto all = happenings(*coordinator);
    const std::map<std::string, Audience> expected = {{"federation.founded", Audience::everybody},
                                                      {"site.admitted", Audience::everybody},
                                                      {"site.described", Audience::everybody},
                                                      {"site.state_set", Audience::everybody},
                                                      {"site.journal_opened", Audience::administrators},
                                                      {"project.set", Audience::administrators},
                                                      {"account.seen", Audience::administrators},
                                                      {"job.submitted", Audience::project},
                                                      {"job.decided", Audience::project},
                                                      {"job.cancel_asked", Audience::project},
                                                      {"claim.offered", Audience::project},
                                                      {"application.made", Audience::project},
                                                      {"application.reviewed", Audience::project},
                                                      {"allocation.granted", Audience::project},
                                                      {"data.registered", Audience::project}};
    for (const auto& one : expected) {
        INFO(one.first);
        const std::string& type = one.first;
        const Audience audience = one.second;
        const auto found = all.find(type);
        REQUIRE(found != all.end());
        CHECK(found->second.audience == audience);
        if (audience == Audience::project) CHECK(found->second.project == "reef");
        const bool is_of_job = type.starts_with("job.") || type.starts_with("claim.");
        CHECK(found->second.job == (is_of_job ? job : ""));
    }
}

TEST_CASE("what is about something unknown is for administrators only") {
    const Tables tables;
    for (const EventData& data :
         {EventData(ClaimEnded{"c1-0", "ended", 1, 2, 0, 0, ""}), EventData(JobCancelAsked{"j1", ""}),
          EventData(ClaimLost{"c1-0", ""}), EventData(AllocationClawedBack{"a1", 1, 1}),
          EventData(ClaimDisplaced{"c1-0", "j2", "emergency", "r", 0, "w"}),
          EventData(AllocationCredited{"a1", "c1-0", 1}),
          EventData(ApplicationReviewed{"p1", "granted", ""})}) {
        const Happening made = happening_of(make_event(0, 1, "coordinator", data), tables);
        CHECK(made.audience == Audience::administrators);
    }
}

}  // namespace
}  // namespace euromesh::federation
