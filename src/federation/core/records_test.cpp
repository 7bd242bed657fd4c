#include "federation/core/records.hpp"

#include <doctest/doctest.h>

#include "federation/core/fields.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("milli-GPU-hours are rounded up once and do not overflow") {
    CHECK(milli_gpu_hours(1, 3600) == 1);
    CHECK(milli_gpu_hours(1, 3601) == 2);
    CHECK(milli_gpu_hours(4, 3600 * 1000) == 4000);
    CHECK(milli_gpu_hours(0, 5000) == 0);
    CHECK(milli_gpu_hours(1'000'000, INT64_MAX) == amount_most);
}

template <class T>
void check_round_trip(const T& record) {
    const std::string text = record_text(record);
    const auto again = read_record<T>(parse_json(text).value(), "record");
    REQUIRE_MESSAGE(again, again.error().message);
    CHECK(record_text(*again) == text);
}

TEST_CASE("every record comes back from its text") {
    FederationRecord federation;
    federation.name = "f";
    federation.governance.keys = {{"board", "00"}};
    federation.tiers = {{"t", "T", 5, 4, 3, true}};
    check_round_trip(federation);
    check_round_trip(AllocationRecord{"a", "p", "t", "ju", "ju", 10, 1, 2, 7, 0, 1, 5, 6});
    ProjectRecord project;
    project.id = "p";
    project.civilian = false;
    project.members = {"i|s"};
    check_round_trip(project);
    SiteRecord site;
    site.id = "s";
    check_round_trip(site);
    JobRecord job;
    job.spec = std::make_shared<const contract::JobSpec>(
        contract::parse_job_spec(R"({"executable":"x","attributes":{"duration":5}})").value());
    job.refusals = {{"s", "no room"}};
    check_round_trip(job);
    check_round_trip(ClaimRecord{});
    check_round_trip(KeyRecord{"a", "k", "b", "j", 4});
    check_round_trip(ApplicationRecord{});
    check_round_trip(DataRecord{});
    check_round_trip(AccountRecord{"a", "n", {"g"}, 3});
}

}  // namespace
}  // namespace euromesh::federation
